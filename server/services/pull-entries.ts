/** What a device has not stored yet, in pages. Every row of the answer was in the log when it was read; a page never skips one. */
import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { Pull, Pulled, PulledChat, Watermark } from "../contract/chats";
import type { ChatId, UserId } from "../contract/ids";
import { PULL_BYTES, PULL_CHATS, PULL_ENTRIES } from "../contract/limits";
import { type EntryRow, presentEntry } from "./present-entry";
import { type Queryable, query } from "./sql";

// $1 device, $2 account, $3 to $5 the client's cursors: chat, seq, messageId.
// A chat's news are counted by its seqs, which have no holes above floor_seq: enough chats are chosen to fill the page, and no more.
// NOTE: the part comes by a scalar subquery. By a join the planner may read all waiting parts of the chat for every entry.
const PULL = `
  WITH given AS (SELECT * FROM unnest($3::uuid[], $4::bigint[], $5::uuid[]) AS x(chat_id, seq, message_id)),
  known AS (
    SELECT k.chat_id, c.floor_seq, least(c.audience_seq, p.left_seq) AS audience_seq, coalesce(p.left_seq, c.last_seq) AS top_seq,
      coalesce(c.last_message_at, c.created_at) AS active_at, greatest(k.start_seq, p.joined_seq) AS first_seq,
      coalesce(x.seq, k.acknowledged_seq) AS given_seq,
      CASE
        WHEN x.seq > coalesce(p.left_seq, c.last_seq) THEN 'diverged'
        WHEN x.message_id IS NOT NULL AND coalesce((SELECT m.message_id FROM messages m WHERE m.chat_id = k.chat_id AND m.seq = x.seq),
          CASE WHEN x.seq <= c.floor_seq THEN x.message_id END) IS DISTINCT FROM x.message_id THEN 'diverged'
        WHEN greatest(x.seq, k.start_seq, p.joined_seq) < k.acknowledged_seq AND x.seq IS NOT NULL THEN 'rewound'
        ELSE 'ok' END AS state
    FROM device_cursors k
    JOIN chats c ON c.chat_id = k.chat_id
    JOIN chat_participants p ON p.chat_id = k.chat_id AND p.user_id = $2
    LEFT JOIN given x ON x.chat_id = k.chat_id
    WHERE k.device_id = $1
  ), placed AS (
    SELECT *, CASE WHEN state = 'diverged' THEN top_seq ELSE greatest(first_seq, given_seq) END AS cursor_seq FROM known
  ), due AS (
    SELECT *, row_number() OVER recent AS place,
      coalesce(sum(greatest(top_seq - greatest(cursor_seq, floor_seq), 0)) OVER (recent ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
        AS entries_before
    FROM placed WHERE state = 'diverged' OR top_seq > cursor_seq
    WINDOW recent AS (ORDER BY active_at DESC, chat_id)
  ), chosen AS (
    SELECT * FROM due WHERE place <= ${PULL_CHATS} AND entries_before < ${PULL_ENTRIES}
  ), entries AS (
    SELECT c.place, c.chat_id, c.state, c.floor_seq, c.audience_seq, c.top_seq, e.*,
      count(e.seq) OVER in_order AS entry_number, sum(e.size_bytes) OVER in_order AS page_bytes
    FROM chosen c LEFT JOIN LATERAL (
      SELECT y.*, coalesce(octet_length(y.statement), 0) + coalesce(octet_length(y.encrypted_content), 0) + coalesce(octet_length(y.part), 0) AS size_bytes
      FROM (
        SELECT m.seq, m.message_id, m.sender_id, m.sender_device_id, m.kind, m.timestamp, m.statement, m.encrypted_content,
          (SELECT t.ciphertext FROM message_parts t WHERE t.chat_id = m.chat_id AND t.device_id = $1 AND t.seq = m.seq) AS part
        FROM messages m
        WHERE m.chat_id = c.chat_id AND m.seq > c.cursor_seq AND m.seq <= c.top_seq
        ORDER BY m.seq LIMIT ${PULL_ENTRIES + 1}) y
    ) e ON true
    WINDOW in_order AS (ORDER BY c.place, e.seq)
  ), judged AS (
    SELECT *, seq IS NULL OR entry_number = 1 OR (entry_number <= ${PULL_ENTRIES} AND page_bytes <= ${PULL_BYTES}) AS fits FROM entries
  )
  SELECT *, (SELECT count(*) FROM due) > (SELECT count(*) FROM chosen) OR (SELECT bool_or(NOT fits) FROM judged) AS more
  FROM judged WHERE fits ORDER BY place, seq`;

type ChatRow = { chat_id: ChatId; state: PulledChat["state"]; floor_seq: number; audience_seq: number; top_seq: number; more: boolean };
type PulledRow = ChatRow & ((EntryRow & { part: Buffer | null }) | { seq: null });

/** Entries above the cursors that the device names, and above what it acknowledged in its other chats: most recently active chats first,
 *  each with its watermarks. One's own entries come without a part. `rewound`: that cursor lies below what was acknowledged; the parts of
 *  the entries between are gone. `diverged`: that cursor is not in this log; there are no entries before the device asks again from
 *  a place that is. `more`: ask again with higher cursors. Throws `rate_limited`. */
export async function pullEntries(
  app: AppContext,
  { deviceId, userId }: DeviceCaller,
  { cursors, watermarksOf }: z.infer<typeof Pull>,
): Promise<Pulled> {
  await app.rateLimits.consume("pull", deviceId);
  const given = [...new Map(cursors.map((cursor) => [cursor.chatId, cursor])).values()];
  const rows = await query<PulledRow>(app.pool, "pull", PULL, [
    deviceId,
    userId,
    given.map(({ chatId }) => chatId),
    given.map(({ seq }) => seq),
    given.map(({ messageId }) => messageId),
  ]);
  const chats = new Map<ChatId, PulledChat>();
  let pulled = 0;
  for (const row of rows) {
    const chat = chats.get(row.chat_id) ?? emptyChat(row);
    chats.set(row.chat_id, chat);
    if (row.seq === null) continue;
    chat.entries.push(presentEntry(row, row.part));
    pulled++;
  }
  const asked: Pulled["watermarks"] = [];
  for (const { chat_id, ...row } of await readWatermarks(app.pool, userId, [...new Set([...chats.keys(), ...watermarksOf])])) {
    const [chat, watermark] = [chats.get(chat_id), presentWatermark(row)];
    if (chat) chat.watermarks.push(watermark);
    else asked.push({ chatId: chat_id, ...watermark });
  }
  app.metrics.entriesPulled(pulled);
  return { logId: app.logId, chats: [...chats.values()], watermarks: asked, more: rows[0]?.more ?? false };
}

function emptyChat({ chat_id, state, top_seq, floor_seq, audience_seq }: ChatRow): PulledChat {
  return {
    chatId: chat_id,
    state,
    lastSeq: top_seq,
    floorSeq: Math.min(floor_seq, top_seq),
    audienceSeq: audience_seq,
    entries: [],
    watermarks: [],
  };
}

export type WatermarkRow = { chat_id: ChatId; user_id: UserId; delivered_seq: number; read_seq: number };

// A group's watermarks are told as minimums, not per member.
const WATERMARKS = `
  SELECT p.chat_id, p.user_id, p.delivered_seq, p.read_seq FROM chat_participants p JOIN chats c ON c.chat_id = p.chat_id
  WHERE p.chat_id = ANY ($1::uuid[]) AND EXISTS (SELECT 1 FROM chat_participants me WHERE me.chat_id = p.chat_id AND me.user_id = $2) AND (c.chat_type = 1 OR p.user_id = $2) ORDER BY p.chat_id, p.user_id`;

/** The watermarks that a member is told, none of other chats: everybody's in individual chats, one's own in groups. */
export async function readWatermarks(db: Queryable, userId: UserId, chatIds: ChatId[]): Promise<WatermarkRow[]> {
  return chatIds.length === 0 ? [] : query<WatermarkRow>(db, "watermarks", WATERMARKS, [chatIds, userId]);
}

export function presentWatermark({ user_id, delivered_seq, read_seq }: Omit<WatermarkRow, "chat_id">): Watermark {
  return { userId: user_id, deliveredSeq: delivered_seq, readSeq: read_seq };
}
