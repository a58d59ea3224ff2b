/** Commands about chats and messages. They write into the store; the leader, in whichever tab it is, does the rest. */

import { uuidToBytes } from "@/server/contract/encodings";
import type { ChatId, UserId } from "@/server/contract/ids";
import { MessageId } from "@/server/contract/ids";
import { MAX_TEXT_BYTES } from "@/server/contract/limits";
import type { Commands } from "../door";
import { safetyNumber, typedAccountKey } from "../signal/safety-number";
import { messageKey, nextUnsentPosition, refreshSummary, withReadSeq } from "../storage/chat-rows";
import type { ChatRow, ContactRow, EngineDatabase, MessageRow } from "../storage/database";
import { CallError } from "../transport/api";
import { storeChat } from "./chat-store";
import { acceptCandidate, syncContact } from "./contacts";
import { type EngineContext, readSelf, uuidV7 } from "./engine-context";
import { done, type OutcomeOf, outcome } from "./outcome";
import { keyStateOf } from "./views";

type ChatCommands = Pick<
  Commands,
  "openChat" | "sendText" | "retryMessage" | "discardMessage" | "setDraft" | "markRead" | "safetyNumber" | "setVerified" | "acceptKeyChange"
>;

export function chatCommands(ctx: EngineContext): ChatCommands {
  const { db } = ctx;
  return {
    openChat: ({ username }) => outcome(() => openChat(ctx, username)),
    sendText: ({ chatId, text }) => outcome(() => sendText(ctx, chatId, text)),
    retryMessage: ({ chatId, messageId }) => done(() => retryMessage(ctx, chatId, messageId)),
    discardMessage: ({ chatId, messageId }) => done(() => discardMessage(ctx, chatId, messageId)),
    setDraft: ({ chatId, text }) => done(() => (text === "" ? db.drafts.delete(chatId) : db.drafts.put({ chatId, text }))),
    markRead: ({ chatId, seq }) => done(() => markRead(db, chatId, seq)),
    safetyNumber: ({ chatId }) => outcome(() => showSafetyNumber(ctx, chatId)),
    setVerified: (input) => done(() => setVerified(ctx, input)),
    acceptKeyChange: ({ chatId }) => done(async () => acceptCandidate(db, (await peerOf(ctx, chatId)).userId)),
  };
}

async function openChat(ctx: EngineContext, username: string): OutcomeOf<"openChat"> {
  const { userId } = await ctx.api.call((c) => c.accounts.find.mutate({ username }));
  if (!userId) throw new CallError("not_found");
  const info = await ctx.api.call((c) => c.chats.open.mutate({ userId }));
  const chat = info.members.some((member) => member.userId === userId) ? await storeChat(ctx, info) : undefined;
  if (!chat) throw new CallError("not_found", { reason: "members" });
  if (!(await isKnownAs(ctx, userId, username))) throw new CallError("not_found", { reason: "name" });
  await ctx.db.chats.update(chat.chatId, { opened: true });
  return { chatId: chat.chatId };
}

/** Names are for ever: the account's own manifest must say this one, and no other account may have proved it before. */
async function isKnownAs(ctx: EngineContext, userId: UserId, username: string): Promise<boolean> {
  const others = await ctx.db.contacts.filter((contact) => contact.username === username && contact.userId !== userId).count();
  return others === 0 && (await ctx.db.contacts.get(userId))?.username === username;
}

async function sendText(ctx: EngineContext, chatId: ChatId, written: string): OutcomeOf<"sendText"> {
  const { db } = ctx;
  const bytes = new TextEncoder().encode(written);
  if (bytes.length === 0) throw new CallError("bad_request");
  if (bytes.length > MAX_TEXT_BYTES) throw new CallError("too_large");
  // Lone surrogates have no UTF-8 form; everything else stays as it was written.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const self = await readSelf(db);
  const nowMs = ctx.now();
  const messageId = MessageId.parse(uuidV7(nowMs, ctx.random));
  await db.transaction("rw", db.chats, db.messages, db.outbox, async () => {
    const chat = await chatOrFail(db, chatId);
    const counter = chat.contentCounter + 1;
    const row: MessageRow = {
      chatId,
      messageId,
      position: await nextUnsentPosition(db, chatId),
      seq: null,
      senderUserId: self.userId,
      senderDeviceId: self.deviceId,
      own: true,
      sentAtMs: nowMs,
      receivedAtMs: nowMs,
      counter,
      body: { kind: "text", text },
      failure: null,
      kept: null,
    };
    await db.messages.put(row);
    await db.outbox.add({ chatId, messageId, kind: "text", counter, createdAtMs: nowMs, sealed: null, attempts: 0 });
    await db.chats.put(await refreshSummary(db, { ...chat, contentCounter: counter }));
  });
  return { messageId };
}

/** A message that was refused goes to the end of the queue, with the counter that it was given when it was written. */
async function retryMessage(ctx: EngineContext, chatId: ChatId, messageId: MessageId): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.messages, db.outbox, async () => {
    const row = await db.messages.get(messageKey(chatId, messageId));
    if (!row?.own || row.seq !== null || !row.failure) return;
    const position = await nextUnsentPosition(db, chatId);
    await db.messages.put({ ...row, failure: null, position });
    const { counter } = row;
    await db.outbox.add({ chatId, messageId, kind: "text", counter, createdAtMs: ctx.now(), sealed: null, attempts: 0 });
  });
}

/** Its counter is spent by a `void` entry, so that the others don't see a gap. */
async function discardMessage(ctx: EngineContext, chatId: ChatId, messageId: MessageId): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.chats, db.messages, db.outbox, async () => {
    const row = await db.messages.get(messageKey(chatId, messageId));
    if (!row?.own || row.seq !== null || !row.failure) return;
    await db.messages.delete(messageKey(chatId, messageId));
    const { counter } = row;
    await db.outbox.add({ chatId, messageId, kind: "void", counter, createdAtMs: ctx.now(), sealed: null, attempts: 0 });
    await db.chats.put(await refreshSummary(db, await chatOrFail(db, chatId)));
  });
}

/** Never above what is stored here, never back. */
async function markRead(db: EngineDatabase, chatId: ChatId, seq: number): Promise<void> {
  await db.transaction("rw", db.chats, db.messages, async () => {
    const chat = await chatOrFail(db, chatId);
    const readSeq = Math.min(seq, chat.cursorSeq);
    if (readSeq > chat.readSeq) await db.chats.put(await withReadSeq(db, chat, readSeq));
  });
}

async function chatOrFail(db: EngineDatabase, chatId: ChatId): Promise<ChatRow> {
  const chat = await db.chats.get(chatId);
  if (!chat) throw new CallError("not_found");
  return chat;
}

/** The other person of an individual chat; oneself in the note-to-self chat. */
async function peerOf(ctx: EngineContext, chatId: ChatId): Promise<{ userId: UserId }> {
  const [self, chat] = [await readSelf(ctx.db), await chatOrFail(ctx.db, chatId)];
  const peer = chat.members.find((member) => member.userId !== self.userId) ?? chat.members[0];
  if (!peer) throw new CallError("not_found");
  return peer;
}

async function contactOf(ctx: EngineContext, userId: UserId): Promise<ContactRow> {
  const contact = await ctx.db.contacts.get(userId);
  if (!contact) throw new CallError("not_found");
  return contact;
}

/** The number of the newest key, accepted or not: it is what there is to compare. */
async function showSafetyNumber(ctx: EngineContext, chatId: ChatId): OutcomeOf<"safetyNumber"> {
  const self = await readSelf(ctx.db);
  const { userId } = await peerOf(ctx, chatId);
  await syncContact(ctx, userId).catch(() => {}); // offline: what is known will do
  const [own, peer] = [await contactOf(ctx, self.userId), await contactOf(ctx, userId)];
  return { digits: digitsOf(own, peer), keyState: keyStateOf(peer) };
}

function digitsOf(own: ContactRow, peer: ContactRow): string {
  return safetyNumber(side(own), side(peer));
}

function side(contact: ContactRow) {
  const { accountKey } = contact.candidate ?? contact.pin;
  return { userId: uuidToBytes(contact.userId), typedKey: typedAccountKey(accountKey) };
}

async function setVerified(ctx: EngineContext, input: Parameters<Commands["setVerified"]>[0]): Promise<void> {
  const [self, { userId }] = [await readSelf(ctx.db), await peerOf(ctx, input.chatId)];
  await ctx.db.transaction("rw", ctx.db.contacts, async () => {
    const [own, contact] = [await contactOf(ctx, self.userId), await contactOf(ctx, userId)];
    if (!input.verified) return ctx.db.contacts.put({ ...contact, verifiedAccountKey: null });
    // A key that came while the numbers were compared is not the one that was compared.
    if (digitsOf(own, contact) !== input.digits) throw new CallError("key_changed");
    // Comparing the number is the strongest consent there is: a held key is accepted with it.
    const pin = contact.candidate ?? contact.pin;
    return ctx.db.contacts.put({ ...contact, pin, candidate: null, verifiedAccountKey: pin.accountKey });
  });
}
