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

/** Whether a message counts as unread while it is above the read watermark. */
export function countsAsUnread(row: MessageRow): boolean {
  return !row.own && row.body.kind !== "notice";
}

/** Messages by others above `readSeq`. Reads each of them: for when the watermark moves, not for each message that comes. */
export function countUnread(db: EngineDatabase, chatId: ChatId, readSeq: number): Promise<number> {
  return db.messages
    .where("[chatId+position]")
    .between([chatId, readSeq], [chatId, UNSENT_POSITION], false, false)
    .filter(countsAsUnread)
    .count();
}

/** Inside a transaction: brings what the chat list shows of the newest message in line with the messages. */
export async function refreshSummary(db: EngineDatabase, chat: ChatRow): Promise<ChatRow> {
  const newest = await newestMessage(db, chat.chatId);
  return {
    ...chat,
    lastMessageId: newest?.messageId ?? null,
    lastActivityMs: Math.max(chat.createdAtMs, newest?.sentAtMs ?? 0),
  };
}

/** Inside a transaction: moves the own read watermark, never back, and counts what is still above it. */
export async function withReadSeq(db: EngineDatabase, chat: ChatRow, readSeq: number): Promise<ChatRow> {
  if (readSeq <= chat.readSeq) return chat;
  return { ...chat, readSeq, unread: await countUnread(db, chat.chatId, readSeq) };
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
  const others = chat.members.filter((member) => member.userId !== ownUserId);
  const present = others.filter((member) => !member.deleted);
  const { seq } = row;
  // Where nobody is left, how far they had got is what stays true.
  const marks = (present.length > 0 ? present : others).map((member) => chat.watermarks[member.userId]);
  if (marks.every((mark) => mark !== undefined && mark.readSeq >= seq)) return "read";
  if (marks.every((mark) => mark !== undefined && mark.deliveredSeq >= seq)) return "delivered";
  return "sent";
}
