/** Takes entries in the order of the log, each chat by itself. Invariant: plaintext, ratchet, used prekeys and cursor are committed
 *  in one transaction, and nothing is acknowledged before. */
import type { PulledChat } from "@/server/contract/chats";
import type { EntryEvent, WatermarkEvent } from "@/server/contract/events";
import type { ChatId, LogId } from "@/server/contract/ids";
import { MAX_CURSORS_PER_PULL, MAX_WATERMARKS_PER_PULL } from "@/server/contract/limits";
import { countsAsUnread, messageKey, refreshSummary, withReadSeq } from "../storage/chat-rows";
import { type ChatRow, readMeta, writeMeta } from "../storage/database";
import { putSessions, StaleSession } from "../storage/sessions";
import { audienceBefore, ensureChat } from "./chat-store";
import { type EngineContext, readSelf } from "./engine-context";
import type { Leadership } from "./leadership";
import { type Opened, openEntries } from "./open-entries";

export type Inbox = {
  /** Pulls until there is nothing new. Throws CallError, LostLeadership, StaleSession. */
  pullAll(): Promise<void>;
  /** Takes an entry that came with its event. False: it does not follow what is stored here, so pull. */
  takeEvent(event: EntryEvent): Promise<boolean>;
  /** Runs a task while nothing is being opened: whoever seals uses the same ratchets. */
  exclusively<T>(task: () => Promise<T>): Promise<T>;
};

/** Strict commits wait for the disk: one per entry would take minutes after a long absence. */
const ENTRIES_PER_COMMIT = 50;

export function createInbox(ctx: EngineContext, leadership: Leadership): Inbox {
  let queue: Promise<unknown> = Promise.resolve();
  /** A store that was put back holds the cursor and what was acknowledged of the same old time: only the server can tell. */
  let asksAboutAll = true;
  const inOrder = <T>(task: () => Promise<T>): Promise<T> => {
    const next = queue.then(task, task);
    queue = next.catch(() => {});
    return next;
  };
  return {
    pullAll: () =>
      inOrder(async () => {
        await pullAll(ctx, leadership, asksAboutAll);
        asksAboutAll = false;
      }),
    takeEvent: (event) => inOrder(() => takeEvent(ctx, leadership, event)),
    exclusively: inOrder,
  };
}

/** `aboutAll`: each cursor is sent the first time, whether the server should know it or not. */
async function pullAll(ctx: EngineContext, leadership: Leadership, aboutAll: boolean): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const asked = await whatToAsk(ctx, aboutAll && isFirst);
    const pulled = await ctx.api.call((c) => c.messages.pull.mutate(asked));
    // What came with another log was asked of the one before: ask again, with every cursor.
    if (await noteLog(ctx, pulled.logId)) continue;
    let moved = false;
    for (const chat of pulled.chats) {
      const took = chat.state === "diverged" ? await startOver(ctx, chat.chatId) : await takeChat(ctx, leadership, chat, pulled.more);
      moved ||= took;
    }
    for (const mark of pulled.watermarks) await applyWatermark(ctx, mark);
    const again = pulled.more || pulled.chats.some((chat) => chat.state === "diverged");
    if (!again || !moved) return; // a chat that this version can't take comes again and again
  }
}

/** What the server may not know: cursors that are not where it remembers them, each with the entry it stands on; and what this device may
 *  not have heard: watermarks of chats with own messages that somebody has not read. */
async function whatToAsk(ctx: EngineContext, aboutAll: boolean) {
  const [chats, account] = [await ctx.db.chats.orderBy("lastActivityMs").reverse().toArray(), await readMeta(ctx.db, "account")];
  const unread = (chat: ChatRow) =>
    chat.members.some(({ userId }) => userId !== account?.userId && (chat.watermarks[userId]?.readSeq ?? 0) < chat.lastOwnSeq);
  return {
    cursors: chats
      .filter((chat) => aboutAll || chat.cursorSeq !== chat.acknowledgedSeq)
      .slice(0, MAX_CURSORS_PER_PULL)
      .map((chat) => ({ chatId: chat.chatId, seq: chat.cursorSeq, messageId: chat.cursorMessageId })),
    watermarksOf: chats
      .filter(unread)
      .slice(0, MAX_WATERMARKS_PER_PULL)
      .map((chat) => chat.chatId),
  };
}

/** A log with another id may have gone back: what was acknowledged there counts no more, so every cursor is sent and checked.
 *  Resolves to whether it is another one than before. */
async function noteLog(ctx: EngineContext, logId: LogId): Promise<boolean> {
  return ctx.db.transaction("rw", ctx.db.meta, ctx.db.chats, async () => {
    const known = await readMeta(ctx.db, "log");
    if (known?.logId === logId) return false;
    await writeMeta(ctx.db, "log", { logId });
    if (!known) return false;
    await ctx.db.chats.toCollection().modify((chat) => {
      chat.acknowledgedSeq = UNKNOWN_TO_SERVER;
      chat.readAcknowledgedSeq = UNKNOWN_TO_SERVER;
    });
    return true;
  });
}

/** Below every cursor, so that the cursor is sent. */
const UNKNOWN_TO_SERVER = -1;

/** The server's log is another one than this store's: read it from its beginning. What is known keeps its text and gets its new place. */
async function startOver(ctx: EngineContext, chatId: ChatId): Promise<boolean> {
  const present = await ctx.db.chats.get(chatId);
  if (!present) return false;
  const userIds = present.members.map((member) => member.userId);
  const audience = await audienceBefore(ctx.api, present, userIds);
  await ctx.db.chats.where({ chatId }).modify((chat) => {
    chat.audience = audience;
    chat.audienceSeq = audience.seq;
    chat.cursorSeq = chat.startSeq;
    chat.cursorMessageId = null;
    chat.acknowledgedSeq = UNKNOWN_TO_SERVER;
    chat.watermarks = {}; // of entries that are not there any more
    chat.lastOwnSeq = 0;
  });
  return true;
}

/** `more`: the page may end before the chat's entries do. Resolves to whether the cursor moved. */
async function takeChat(ctx: EngineContext, leadership: Leadership, pulled: PulledChat, more: boolean): Promise<boolean> {
  let chat = await ensureChat(ctx, pulled.chatId);
  if (!chat) return false;
  const before = chat.cursorSeq;
  // `rewound`: this store went back. What it has not seen comes again without its parts and shows as waiting.
  const entries = pulled.entries.filter((entry) => entry.seq > (chat as ChatRow).cursorSeq);
  const { floorSeq } = pulled;
  const last = entries.at(-1);
  const passesFloor = !last || last.seq > floorSeq || !more;
  for (let at = 0; at < entries.length || (passesFloor && chat.cursorSeq < floorSeq); at += ENTRIES_PER_COMMIT) {
    const page = entries.slice(at, at + ENTRIES_PER_COMMIT);
    const isLast = at + ENTRIES_PER_COMMIT >= entries.length;
    chat = await commit(ctx, leadership, await openEntries(ctx, chat, page, { floorSeq, passesFloor: passesFloor && isLast }));
  }
  for (const mark of pulled.watermarks) {
    await applyWatermark(ctx, { chatId: pulled.chatId, ...mark });
  }
  await ctx.db.chats.where({ chatId: pulled.chatId }).modify((row) => {
    row.floorSeq = Math.max(row.floorSeq, Math.min(floorSeq, row.cursorSeq));
    row.lastSeq = pulled.lastSeq;
  });
  return chat.cursorSeq !== before;
}

async function takeEvent(ctx: EngineContext, leadership: Leadership, event: EntryEvent): Promise<boolean> {
  const chat = await ctx.db.chats.get(event.chatId);
  const log = await readMeta(ctx.db, "log");
  if (!chat || log?.logId !== event.logId) return false;
  if (event.seq <= chat.cursorSeq) return true;
  if (!event.entry || event.seq !== chat.cursorSeq + 1) return false;
  const self = await readSelf(ctx.db);
  const part = event.parts?.[self.deviceId] ?? null;
  // The log says for certain whether there is a part for us; an event without one may just have been cut.
  if (!part && event.entry.senderDeviceId !== self.deviceId && event.entry.kind !== "manifest") return false;
  await commit(ctx, leadership, await openEntries(ctx, chat, [{ ...event.entry, partBase64: part }]));
  return true;
}

/** Stores what was opened, all or nothing. Answers with the chat as it is now. */
async function commit(ctx: EngineContext, leadership: Leadership, opened: Opened): Promise<ChatRow> {
  const { db } = ctx;
  const sessionRows = await opened.sessions.rows();
  const tables = [db.meta, db.chats, db.messages, db.sessions, db.secrets, db.firstMessages, db.outbox];
  return db.transaction("rw", tables, async () => {
    await leadership.check();
    const present = await db.chats.get(opened.chat.chatId);
    // Opened from a place that somebody else has moved on from: its ratchets and its cursor are old.
    if (present?.cursorSeq !== opened.fromSeq) throw new StaleSession();
    await putSessions(db, sessionRows);
    await db.secrets.bulkDelete(opened.usedPrekeys);
    await db.firstMessages.bulkPut(opened.firstMessages);
    await settleOwn(ctx, opened);
    const unread = present.unread + (await countNewUnread(ctx, opened, present.readSeq));
    await db.messages.bulkPut(opened.messages);
    const { audience, audienceSeq, cursorSeq, cursorMessageId } = opened.chat;
    const lastOwnSeq = Math.max(present.lastOwnSeq, ...opened.ownEntries.map((entry) => entry.seq));
    const merged = { ...present, audience, audienceSeq, cursorSeq, cursorMessageId, unread, lastOwnSeq };
    const row = await refreshSummary(db, { ...merged, lastSeq: Math.max(merged.lastSeq, cursorSeq) });
    await db.chats.put(row);
    return row;
  });
}

/** Counted before they are stored: what was here already has been counted. */
async function countNewUnread(ctx: EngineContext, { messages }: Opened, readSeq: number): Promise<number> {
  const known = await ctx.db.messages.bulkGet(messages.map((row) => messageKey(row.chatId, row.messageId)));
  return messages.filter((row, i) => known[i] === undefined && countsAsUnread(row) && row.position > readSeq).length;
}

/** Own entries come back with their place in the order; the answer to the send may have been lost. */
async function settleOwn(ctx: EngineContext, opened: Opened): Promise<void> {
  for (const { chatId, messageId, seq, sentAtMs } of opened.ownEntries) {
    const own = ctx.db.messages.where("[chatId+messageId]").equals([chatId, messageId]);
    await own.and((row) => row.own).modify({ seq, position: seq, sentAtMs, failure: null });
    await ctx.db.outbox.where("[chatId+messageId]").equals([chatId, messageId]).delete();
  }
}

/** Watermarks only rise, whatever order the news come in. */
export async function applyWatermark(ctx: EngineContext, mark: Omit<WatermarkEvent, "logId"> & { chatId: ChatId }): Promise<void> {
  const account = await readMeta(ctx.db, "account");
  await ctx.db.transaction("rw", ctx.db.chats, ctx.db.messages, async () => {
    const chat = await ctx.db.chats.get(mark.chatId);
    if (!chat) return;
    const present = chat.watermarks[mark.userId] ?? { deliveredSeq: 0, readSeq: 0 };
    const deliveredSeq = Math.max(present.deliveredSeq, mark.deliveredSeq);
    const readSeq = Math.max(present.readSeq, mark.readSeq);
    const ownRead = mark.userId === account?.userId ? Math.max(chat.readSeq, readSeq) : chat.readSeq;
    if (deliveredSeq === present.deliveredSeq && readSeq === present.readSeq && ownRead === chat.readSeq) return;
    const moved = { ...chat, watermarks: { ...chat.watermarks, [mark.userId]: { deliveredSeq, readSeq } } };
    await ctx.db.chats.put(await withReadSeq(ctx.db, moved, ownRead));
  });
}
