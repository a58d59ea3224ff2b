/** Reads and small writes of chats and messages that several parts of the engine share. */
import type { ChatId, MessageId } from "@/server/contract/ids";
import type { MessageStatus } from "../door";
import type { ChatRow, EngineDatabase, MessageRow } from "./database";
import { UNSENT_POSITION } from "./database";

/** The newest message that the chat list shows, undefined if there is none. Notices don't count. */
export function newestMessage(db: EngineDatabase, chatId: ChatId): Promise<MessageRow | undefined> {
  return messagesOf(db, chatId)
    .reverse()
    .filter((row) => row.body.kind !== "notice")
    .first();
}

/** All rows of a chat by position, oldest first. */
export function messagesOf(db: EngineDatabase, chatId: ChatId) {
  return db.messages.where("[chatId+position]").between([chatId, 0], [chatId, Number.MAX_SAFE_INTEGER]);
}

/** Messages by others above `readSeq`. */
export function countUnread(db: EngineDatabase, chatId: ChatId, readSeq: number): Promise<number> {
  return db.messages
    .where("[chatId+position]")
    .between([chatId, readSeq], [chatId, UNSENT_POSITION], false, false)
    .filter((row) => !row.own && row.body.kind !== "notice")
    .count();
}

/** Inside a transaction: brings what the chat list shows in line with the messages. */
export async function refreshSummary(db: EngineDatabase, chat: ChatRow): Promise<ChatRow> {
  const newest = await newestMessage(db, chat.chatId);
  return {
    ...chat,
    lastMessageId: newest?.messageId ?? null,
    lastActivityMs: Math.max(chat.createdAtMs, newest?.receivedAtMs ?? 0),
    unread: await countUnread(db, chat.chatId, chat.readSeq),
  };
}

/** A position behind everything that the server has put in order, growing with each call in one transaction. */
export async function nextUnsentPosition(db: EngineDatabase, chatId: ChatId): Promise<number> {
  const last = await messagesOf(db, chatId).last();
  return Math.max(UNSENT_POSITION, last?.position ?? 0) + 1;
}

export function messageKey(chatId: ChatId, messageId: MessageId): [ChatId, MessageId] {
  return [chatId, messageId];
}

/** How far an own message has got: no column can lie about it, since it follows from the other members' watermarks. */
export function statusOf(row: MessageRow, chat: ChatRow, ownUserId: string): MessageStatus {
  if (row.failure) return "failed";
  if (row.seq === null) return "waiting";
  const others = chat.members.filter((member) => member.userId !== ownUserId && !member.deleted);
  const { seq } = row;
  const marks = others.map((member) => chat.watermarks[member.userId]);
  if (marks.every((mark) => mark !== undefined && mark.readSeq >= seq)) return "read";
  if (marks.every((mark) => mark !== undefined && mark.deliveredSeq >= seq)) return "delivered";
  return "sent";
}
