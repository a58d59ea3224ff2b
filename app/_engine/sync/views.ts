/** Live views of the store: computed again whenever what they read changes, in this tab or another. */

import { liveQuery } from "dexie";
import type { ChatId, UserId } from "@/server/contract/ids";
import type { ChatListItem, ConnectionView, ConversationView, KeyState, MessageView } from "../door";
import { messageKey, messagesOf, statusOf } from "../storage/chat-rows";
import { type ChatRow, type ContactRow, type EngineDatabase, type MessageRow, readMeta } from "../storage/database";

// NOTE: no transaction around these reads: one that waits for several of them may commit early, and a change in between brings the
// next view anyway.

/** Calls `listener` now and after each change of what `read` read. Returns a function that ends it. */
export function watchStore<T>(read: () => Promise<T>, listener: (value: T) => void): () => void {
  // NOTE: Dexie follows what is read after an await only in a function that is itself declared async.
  const subscription = liveQuery(async () => read()).subscribe({
    next: listener,
    error: (error: { name?: string }) => {
      if (error.name !== "DatabaseClosedError") throw error;
    },
  });
  return () => subscription.unsubscribe();
}

export async function connectionView(db: EngineDatabase): Promise<ConnectionView> {
  return (await readMeta(db, "connection")) ?? { state: "connecting", storageFailed: false };
}

/** All chats, the most recently active first. */
export async function chatListView(db: EngineDatabase): Promise<ChatListItem[]> {
  const own = await ownUserId(db);
  if (!own) return [];
  const chats = await db.chats.orderBy("lastActivityMs").reverse().toArray();
  const shown = chats.filter((chat) => chat.lastMessageId !== null || chat.opened);
  const keys = shown.flatMap((chat) => (chat.lastMessageId ? [messageKey(chat.chatId, chat.lastMessageId)] : []));
  const newest = new Map((await db.messages.bulkGet(keys)).flatMap((row) => (row ? [[row.chatId, row] as const] : [])));
  const drafts = new Map((await db.drafts.toArray()).map((row) => [row.chatId, row.text]));
  const contacts = new Map((await db.contacts.toArray()).map((row) => [row.userId, row]));
  return shown.map((chat) => listItem(chat, own, contacts, newest.get(chat.chatId), drafts.get(chat.chatId) ?? ""));
}

/** The newest `limit` messages of a chat, null if this device has no such chat. */
export async function conversationView(db: EngineDatabase, chatId: ChatId, limit: number): Promise<ConversationView | null> {
  const [own, chat] = [await ownUserId(db), await db.chats.get(chatId)];
  if (!own || !chat) return null;
  const rows = await messagesOf(db, chatId)
    .reverse()
    .limit(limit + 1)
    .toArray();
  const hasOlder = rows.length > limit;
  const shown = rows.slice(0, limit).reverse();
  const contacts = new Map((await db.contacts.bulkGet(chat.members.map((m) => m.userId))).flatMap((c) => (c ? [[c.userId, c]] : [])));
  const newest = chat.lastMessageId ? rows.find((row) => row.messageId === chat.lastMessageId) : undefined;
  const draft = (await db.drafts.get(chatId))?.text ?? "";
  return {
    chat: listItem(chat, own, contacts, newest, draft),
    messages: [...(hasOlder ? [] : [encryptionNotice(chat)]), ...shown.map((row) => messageView(row, chat, own))],
    hasOlder,
    readSeq: chat.readSeq,
    lastSeq: chat.cursorSeq,
  };
}

async function ownUserId(db: EngineDatabase): Promise<UserId | undefined> {
  return (await readMeta(db, "account"))?.userId;
}

function isSelfChat(chat: ChatRow): boolean {
  return chat.type === "individual" && chat.members.length === 1;
}

function listItem(
  chat: ChatRow,
  own: UserId,
  contacts: Map<UserId, ContactRow>,
  newest: MessageRow | undefined,
  draft: string,
): ChatListItem {
  const peer = chat.members.find((member) => member.userId !== own) ?? chat.members[0];
  return {
    chatId: chat.chatId,
    type: chat.type,
    title: peer?.username ?? "",
    self: isSelfChat(chat),
    keyState: keyStateOf(peer && contacts.get(peer.userId)),
    ...(newest && { last: messageView(newest, chat, own) }),
    lastActivityMs: chat.lastActivityMs,
    unread: chat.unread,
    draft,
  };
}

export function keyStateOf(contact: ContactRow | undefined): KeyState {
  if (contact?.candidate) return "changed";
  const verified = contact?.verifiedAccountKey;
  return verified && equalBytes(verified, contact.pin.accountKey) ? "verified" : "unverified";
}

function messageView(row: MessageRow, chat: ChatRow, own: UserId): MessageView {
  return {
    messageId: row.messageId,
    ...(row.seq !== null && { seq: row.seq }),
    own: row.own,
    senderUserId: row.senderUserId,
    senderName: chat.members.find((member) => member.userId === row.senderUserId)?.username ?? "",
    sentAtMs: row.sentAtMs,
    body: row.body,
    ...(row.own && row.body.kind !== "notice" && { status: statusOf(row, chat, own) }),
    ...(row.failure && { failure: row.failure }),
  };
}

function encryptionNotice(chat: ChatRow): MessageView {
  return {
    messageId: chat.chatId as string as MessageView["messageId"],
    own: false,
    senderUserId: chat.members[0]?.userId as UserId,
    senderName: "",
    sentAtMs: chat.createdAtMs,
    body: { kind: "notice", notice: "encryption" },
  };
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
