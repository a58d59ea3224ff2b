/** From places in the log to the events that tell accounts about them. */
import { accountChannel, type EntryEvent } from "../contract/events";
import type { ChatId, DeviceId, LogId, UserId } from "../contract/ids";
import { MAX_EVENT_BYTES } from "../contract/limits";
import type { Publication } from "../realtime/realtime";
import { type EntryRow, presentEntry } from "./present-entry";
import { type Queryable, query } from "./sql";

export type EntryPlace = { chatId: ChatId; seq: number };

// Bodies and parts that can't fit into an event stay where they are.
const ENTRIES = `
  SELECT x.chat_id, x.seq, c.chat_type, m.message_id, m.sender_id, m.sender_device_id, m.kind, m.timestamp,
    CASE WHEN w.small THEN m.statement END AS statement, CASE WHEN w.small THEN m.encrypted_content END AS encrypted_content, w.small,
    (SELECT array_agg(p.user_id) FROM chat_participants p
      WHERE p.chat_id = x.chat_id AND p.joined_seq < x.seq AND (p.left_seq IS NULL OR x.seq <= p.left_seq)) AS members
  FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS x(chat_id, seq, n)
  JOIN chats c ON c.chat_id = x.chat_id
  JOIN messages m ON m.chat_id = x.chat_id AND m.seq = x.seq
  CROSS JOIN LATERAL (
    SELECT coalesce(octet_length(m.statement), 0) + coalesce(octet_length(m.encrypted_content), 0) <= ${MAX_EVENT_BYTES} AS small) w
  ORDER BY x.n`;

// NOTE: by device and a scalar subquery, or the planner may read all waiting parts of the chat.
const PARTS = `
  SELECT x.chat_id, x.seq, k.device_id, o.user_id,
    (SELECT CASE WHEN octet_length(p.ciphertext) <= ${MAX_EVENT_BYTES} THEN p.ciphertext ELSE '' END FROM message_parts p
      WHERE p.chat_id = x.chat_id AND p.device_id = k.device_id AND p.seq = x.seq) AS part
  FROM unnest($1::uuid[], $2::bigint[]) AS x(chat_id, seq)
  JOIN device_cursors k ON k.chat_id = x.chat_id
  JOIN device_owners o ON o.device_id = k.device_id`;

type PlacedRow = EntryRow & { chat_id: ChatId; chat_type: number; small: boolean; members: UserId[] | null };
type PartRow = { chat_id: ChatId; seq: number; device_id: DeviceId; user_id: UserId; part: Buffer | null };

/** One event for each member of each entry's chat, in the order of the places. In individual chats it carries the entry and the parts of
 *  that member's devices where they fit; everybody fetches what does not. */
export async function readEntryEvents(db: Queryable, logId: LogId, places: EntryPlace[]): Promise<Publication[]> {
  const columns = [places.map(({ chatId }) => chatId), places.map(({ seq }) => seq)];
  const rows = await query<PlacedRow>(db, "event_entries", ENTRIES, columns);
  const individual = rows.filter((row) => row.chat_type === 1);
  const parts = await query<PartRow>(db, "event_parts", PARTS, [individual.map((row) => row.chat_id), individual.map((row) => row.seq)]);
  const partsOf = groupParts(parts);
  return rows.flatMap((row) => {
    const short: EntryEvent = { logId, chatId: row.chat_id, seq: row.seq };
    const shortEvent = { name: "entry" as const, data: short };
    return (row.members ?? []).map((userId) => {
      const full = row.chat_type === 1 && row.small ? withEntry(short, row, partsOf.get(keyOf(row, userId)) ?? []) : undefined;
      return { channel: accountChannel(userId), event: full ? { name: "entry" as const, data: full } : shortEvent };
    });
  });
}

function keyOf({ chat_id, seq }: { chat_id: ChatId; seq: number }, userId: UserId): string {
  return `${chat_id} ${seq} ${userId}`;
}

function groupParts(rows: PartRow[]): Map<string, PartRow[]> {
  const groups = new Map<string, PartRow[]>();
  for (const row of rows) {
    if (row.part === null) continue;
    const key = keyOf(row, row.user_id);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

/** The event with everything in it, or undefined if that is too large. */
function withEntry(short: EntryEvent, row: EntryRow, parts: PartRow[]): EntryEvent | undefined {
  if (parts.some(({ part }) => part?.length === 0)) return undefined;
  const partsBase64 = Object.fromEntries(parts.map(({ device_id, part }) => [device_id, part?.toString("base64") ?? ""]));
  const full = { ...short, entry: presentEntry(row, null), parts: partsBase64 };
  return Buffer.byteLength(JSON.stringify(full)) <= MAX_EVENT_BYTES ? full : undefined;
}
