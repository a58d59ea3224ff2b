import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { ChatInfo, ChatList } from "../contract/chats";
import type { ChatId, UserId } from "../contract/ids";
import { presentWatermark, readWatermarks } from "./pull-entries";
import { query } from "./sql";

// $1 device, $2 account, $3 one chat or null for all.
const CHATS = `
  SELECT c.chat_id, c.chat_type, c.created_at, coalesce(p.left_seq, c.last_seq) AS last_seq, least(c.floor_seq, p.left_seq) AS floor_seq,
    least(c.audience_seq, p.left_seq) AS audience_seq, k.start_seq, k.acknowledged_seq
  FROM device_cursors k
  JOIN chats c ON c.chat_id = k.chat_id
  JOIN chat_participants p ON p.chat_id = k.chat_id AND p.user_id = $2
  WHERE k.device_id = $1 AND ($3::uuid IS NULL OR k.chat_id = $3)
  ORDER BY coalesce(c.last_message_at, c.created_at) DESC, c.chat_id`;

const MEMBERS = `
  SELECT p.chat_id, p.user_id, u.username, u.status = 'deleted' AS deleted
  FROM chat_participants p JOIN users u ON u.user_id = p.user_id
  WHERE p.chat_id = ANY ($1::uuid[]) AND p.left_seq IS NULL ORDER BY p.chat_id, p.user_id`;

type ChatRow = {
  chat_id: ChatId;
  chat_type: number;
  created_at: Date;
  last_seq: number;
  floor_seq: number;
  audience_seq: number;
  start_seq: number;
  acknowledged_seq: number;
};
type MemberRow = { chat_id: ChatId; user_id: UserId; username: string; deleted: boolean };

/** The caller's chats, most recently active first. */
export async function listChats(app: AppContext, caller: DeviceCaller): Promise<z.infer<typeof ChatList>> {
  return { logId: app.logId, chats: await readChats(app, caller, null) };
}

/** One of the caller's chats, or undefined if they are not in it. */
export async function readChat(app: AppContext, caller: DeviceCaller, chatId: ChatId): Promise<ChatInfo | undefined> {
  return (await readChats(app, caller, chatId))[0];
}

async function readChats({ pool }: AppContext, { deviceId, userId }: DeviceCaller, only: ChatId | null): Promise<ChatInfo[]> {
  const rows = await query<ChatRow>(pool, "chats", CHATS, [deviceId, userId, only]);
  const chats = new Map(rows.map((row) => [row.chat_id, presentChat(row)]));
  const chatIds = [...chats.keys()];
  const members = chatIds.length === 0 ? [] : await query<MemberRow>(pool, "members", MEMBERS, [chatIds]);
  for (const { chat_id, user_id, username, deleted } of members) chats.get(chat_id)?.members.push({ userId: user_id, username, deleted });
  for (const { chat_id, ...watermark } of await readWatermarks(pool, userId, chatIds)) {
    chats.get(chat_id)?.watermarks.push(presentWatermark(watermark));
  }
  return [...chats.values()];
}

function presentChat(row: ChatRow): ChatInfo {
  return {
    chatId: row.chat_id,
    type: row.chat_type === 1 ? "individual" : "group",
    createdAtMs: row.created_at.getTime(),
    lastSeq: row.last_seq,
    floorSeq: row.floor_seq,
    audienceSeq: row.audience_seq,
    startSeq: row.start_seq,
    acknowledgedSeq: row.acknowledged_seq,
    members: [],
    watermarks: [],
  };
}
