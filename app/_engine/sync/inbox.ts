/** Takes entries in the order of the log, each chat by itself. Invariant: plaintext, ratchet, used prekeys and cursor are committed
 *  in one transaction, and nothing is acknowledged before. */
import type { PulledChat } from "@/server/contract/chats";
import type { EntryEvent, WatermarkEvent } from "@/server/contract/events";
import type { ChatId, LogId } from "@/server/contract/ids";
import { emptyAudience } from "@/server/contract/statements/audience";
import { refreshSummary } from "../storage/chat-rows";
import { type ChatRow, readMeta, writeMeta } from "../storage/database";
import { putSessions } from "../storage/sessions";
import { ensureChat } from "./chat-store";
import { type EngineContext, readSelf } from "./engine-context";
import type { Leadership } from "./leadership";
import { type Opened, openEntries } from "./open-entries";

export type Inbox = {
  /** Pulls until there is nothing new. Throws CallError, LostLeadership, StaleSession. */
  pullAll(): Promise<void>;
  /** Takes an entry that came with its event. False: it does not follow what is stored here, so pull. */
  takeEvent(event: EntryEvent): Promise<boolean>;
};

/** Strict commits wait for the disk: one per entry would take minutes after a long absence. */
const ENTRIES_PER_COMMIT = 50;

export function createInbox(ctx: EngineContext, leadership: Leadership): Inbox {
  let queue: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(task: () => Promise<T>): Promise<T> => {
    const next = queue.then(task, task);
    queue = next.catch(() => {});
    return next;
  };
  return {
    pullAll: () => inOrder(() => pullAll(ctx, leadership)),
    takeEvent: (event) => inOrder(() => takeEvent(ctx, leadership, event)),
  };
}

async function pullAll(ctx: EngineContext, leadership: Leadership): Promise<void> {
  for (;;) {
    const cursors = await cursorsToSend(ctx);
    const pulled = await ctx.api.call((c) => c.messages.pull.mutate({ cursors }));
    await noteLog(ctx, pulled.logId);
    for (const chat of pulled.chats) {
      if (chat.state === "diverged") await startOver(ctx, chat.chatId);
      else await takeChat(ctx, leadership, chat);
    }
    if (!pulled.more && pulled.chats.every((chat) => chat.state !== "diverged")) return;
  }
}

/** What the server may not know: cursors that are not where it remembers them, each with the entry it stands on. */
async function cursorsToSend(ctx: EngineContext) {
  const chats = await ctx.db.chats.toArray();
  return chats
    .filter((chat) => chat.cursorSeq !== chat.acknowledgedSeq)
    .map((chat) => ({ chatId: chat.chatId, seq: chat.cursorSeq, messageId: chat.cursorMessageId }));
}

/** A log with another id may have gone back: what was acknowledged there counts no more, so every cursor is sent and checked. */
async function noteLog(ctx: EngineContext, logId: LogId): Promise<void> {
  await ctx.db.transaction("rw", ctx.db.meta, ctx.db.chats, async () => {
    const known = await readMeta(ctx.db, "log");
    if (known?.logId === logId) return;
    await writeMeta(ctx.db, "log", { logId });
    if (!known) return;
    await ctx.db.chats.toCollection().modify((chat) => {
      chat.acknowledgedSeq = UNKNOWN_TO_SERVER;
      chat.readAcknowledgedSeq = UNKNOWN_TO_SERVER;
    });
  });
}

/** Below every cursor, so that the cursor is sent. */
const UNKNOWN_TO_SERVER = -1;

/** The server's log is another one than this store's: read it from its beginning. What is known keeps its text and gets its new place. */
async function startOver(ctx: EngineContext, chatId: ChatId): Promise<void> {
  await ctx.db.chats.where({ chatId }).modify((chat) => {
    chat.audience = emptyAudience(
      chatId,
      chat.members.map((member) => member.userId),
    );
    chat.audienceSeq = 0;
    chat.cursorSeq = 0;
    chat.cursorMessageId = null;
    chat.acknowledgedSeq = UNKNOWN_TO_SERVER;
  });
}

async function takeChat(ctx: EngineContext, leadership: Leadership, pulled: PulledChat): Promise<void> {
  let chat = await ensureChat(ctx, pulled.chatId);
  if (!chat) return;
  // `rewound`: this store went back. What it has not seen comes again without its parts and shows as waiting.
  const entries = pulled.entries.filter((entry) => entry.seq > (chat as ChatRow).cursorSeq);
  for (let at = 0; at < entries.length; at += ENTRIES_PER_COMMIT) {
    const page = entries.slice(at, at + ENTRIES_PER_COMMIT);
    chat = await commit(ctx, leadership, await openEntries(ctx, chat, page));
  }
  for (const mark of pulled.watermarks) {
    await applyWatermark(ctx, { chatId: pulled.chatId, ...mark });
  }
  await ctx.db.chats.where({ chatId: pulled.chatId }).modify((row) => {
    row.floorSeq = Math.max(row.floorSeq, pulled.floorSeq);
    row.lastSeq = pulled.lastSeq;
  });
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
    await putSessions(db, sessionRows);
    await db.secrets.bulkDelete(opened.usedPrekeys);
    await db.firstMessages.bulkPut(opened.firstMessages);
    await settleOwn(ctx, opened);
    await db.messages.bulkPut(opened.messages);
    const present = await db.chats.get(opened.chat.chatId);
    const { audience, audienceSeq, cursorSeq, cursorMessageId } = opened.chat;
    const merged = { ...(present ?? opened.chat), audience, audienceSeq, cursorSeq, cursorMessageId };
    const row = await refreshSummary(db, { ...merged, lastSeq: Math.max(merged.lastSeq, cursorSeq) });
    await db.chats.put(row);
    return row;
  });
}

/** Own entries come back with their place in the order; the answer to the send may have been lost. */
async function settleOwn(ctx: EngineContext, opened: Opened): Promise<void> {
  for (const { chatId, messageId, seq, sentAtMs } of opened.ownEntries) {
    await ctx.db.messages.where("[chatId+messageId]").equals([chatId, messageId]).modify({ seq, position: seq, sentAtMs, failure: null });
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
    const moved = { ...chat, readSeq: ownRead, watermarks: { ...chat.watermarks, [mark.userId]: { deliveredSeq, readSeq } } };
    await ctx.db.chats.put(ownRead === chat.readSeq ? moved : await refreshSummary(ctx.db, moved));
  });
}
