import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { Entry, GetStatements, Statements } from "../contract/chats";
import { AppError } from "../contract/errors";
import type { ChatId } from "../contract/ids";
import { type EntryRow, presentEntry } from "./present-entry";
import { type Queryable, query } from "./sql";

const STATEMENTS_PER_PAGE = 500;

const STATEMENTS = `
  SELECT m.seq, m.message_id, m.sender_id, m.sender_device_id, m.kind, m.timestamp, m.statement, m.encrypted_content
  FROM messages m WHERE m.chat_id = $1 AND m.kind IN (2, 3) AND m.seq > $2 AND m.seq <= $3 ORDER BY m.seq LIMIT ${STATEMENTS_PER_PAGE}`;

/** The chat's control and manifest entries above `afterSeq`, oldest first: the next 500. */
export async function readStatements(db: Queryable, range: { chatId: ChatId; afterSeq: number; untilSeq: number }): Promise<Entry[]> {
  const rows = await query<EntryRow>(db, "statements", STATEMENTS, [range.chatId, range.afterSeq, range.untilSeq]);
  return rows.map((row) => presentEntry(row, null));
}

const PLACE = `
  SELECT coalesce(p.left_seq, c.last_seq) AS until_seq, least(c.audience_seq, p.left_seq) AS audience_seq
  FROM chats c JOIN chat_participants p ON p.chat_id = c.chat_id AND p.user_id = $2 WHERE c.chat_id = $1`;

/** What says who the chat's audience is, from the beginning if asked: also what came before the caller's device. A caller asks again
 *  after the last entry until it has the one at `audienceSeq`. Throws `not_member`. */
export async function chatStatements(
  app: AppContext,
  caller: DeviceCaller,
  { chatId, afterSeq }: z.infer<typeof GetStatements>,
): Promise<z.infer<typeof Statements>> {
  const [place] = await query<{ until_seq: number; audience_seq: number }>(app.pool, "statements_place", PLACE, [chatId, caller.userId]);
  if (place === undefined) throw new AppError("not_member", "not a member of the chat");
  const entries = await readStatements(app.pool, { chatId, afterSeq, untilSeq: place.until_seq });
  return { logId: app.logId, entries, audienceSeq: place.audience_seq };
}
