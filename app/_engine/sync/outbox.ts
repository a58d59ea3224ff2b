/** Sends what the person wrote, in order per chat, across crashes. Invariants: ciphertext and advanced ratchets are committed before the
 *  network sees a byte; a retry sends the same bytes; a row leaves only with the server's answer. */
import type { SendEntry, SendResult } from "@/server/contract/chats";
import { toBase64 } from "@/server/contract/encodings";
import { assertNever, type ErrorCode } from "@/server/contract/errors";
import type { ChatId } from "@/server/contract/ids";
import { MAX_ENTRIES_PER_SEND, OUTBOX_RETRY_MS } from "@/server/contract/limits";
import type { FailureCode } from "../door";
import { messageKey, refreshSummary } from "../storage/chat-rows";
import type { OutboxRow, SealedParts } from "../storage/database";
import { CallError } from "../transport/api";
import type { EngineContext } from "./engine-context";
import type { Inbox } from "./inbox";
import type { Leadership } from "./leadership";
import { Postponed } from "./postponed";
import { sealRows } from "./seal-rows";

export type Outbox = {
  /** Sends until nothing is left. Throws CallError, LostLeadership, StaleSession; what was not answered stays. */
  flush(): Promise<void>;
};
type Row = OutboxRow & { order: number };
type Sealed = Row & { sealed: SealedParts };

/** A refusal for an old audience is followed by a pull; a server that keeps refusing is not believed for ever. */
const MAX_AUDIENCE_TRIES = 5;
const AUDIENCE_RETRY_MS = 10_000;

export function createOutbox(ctx: EngineContext, leadership: Leadership, inbox: Inbox): Outbox {
  const sendChat = async (chatId: ChatId) => {
    for (let tries = 0; await sendBatch(ctx, leadership, inbox, chatId); tries++) {
      if (tries >= MAX_AUDIENCE_TRIES) throw new Postponed(AUDIENCE_RETRY_MS);
      await inbox.pullAll();
    }
  };
  return {
    async flush() {
      let postponed: Postponed | undefined;
      for (const chatId of await chatsWithRows(ctx)) {
        await sendChat(chatId).catch((error: unknown) => {
          if (!(error instanceof Postponed)) throw error;
          postponed = error; // this chat has to wait, the others need not
        });
      }
      if (postponed) throw postponed;
    },
  };
}

async function chatsWithRows(ctx: EngineContext): Promise<ChatId[]> {
  const rows = await ctx.db.outbox.orderBy("order").toArray();
  return [...new Set(rows.map((row) => row.chatId))];
}

/** Sends all of a chat in batches. True: the audience moved on, pull before trying again. */
async function sendBatch(ctx: EngineContext, leadership: Leadership, inbox: Inbox, chatId: ChatId): Promise<boolean> {
  for (;;) {
    const rows = (await ctx.db.outbox.where({ chatId }).limit(MAX_ENTRIES_PER_SEND).toArray()) as Row[]; // by their order
    if (rows.length === 0) return false;
    const outlived = rows.filter((row) => ctx.now() - row.createdAtMs > OUTBOX_RETRY_MS);
    if (outlived.length > 0) {
      await failRows(ctx, outlived, "unavailable");
      continue;
    }
    const ready = await sealRows(ctx, leadership, chatId, rows, inbox.exclusively);
    if (ready.state === "held" || ready.state === "gone") {
      await failRows(ctx, rows, ready.state === "held" ? "key_changed" : "not_found");
      continue;
    }
    if (ready.state === "audience_unknown") return true;
    const { results } = await ctx.api.call((c) => c.messages.send.mutate({ entries: ready.rows.map(toEntry) }));
    if (await settle(ctx, ready.rows, results)) return true;
  }
}

function toEntry({ chatId, messageId, sealed }: Sealed): SendEntry {
  return {
    chatId,
    messageId,
    kind: "message",
    audienceSeq: sealed.audienceSeq,
    sendCounter: sealed.sendCounter,
    bodyBase64: null,
    parts: sealed.parts.map(({ deviceId, part }) => ({ deviceId, partBase64: toBase64(part) })),
  };
}

/** Stores the answers. True: at least one was refused for an old audience. Throws CallError for a passing refusal. */
async function settle(ctx: EngineContext, rows: Sealed[], results: SendResult[]): Promise<boolean> {
  let stale = false;
  let refused = false;
  let passing: ErrorCode | undefined;
  for (const [i, row] of rows.entries()) {
    const result = results[i];
    if (!result || result.messageId !== row.messageId) throw new CallError("internal", { reason: "answers out of order" });
    switch (result.outcome) {
      case "accepted":
        await acceptRow(ctx, row, result);
        break;
      case "stale_audience":
        // Certainly not stored: these bytes are of no use any more.
        await ctx.db.outbox.update(row.order, { sealed: null });
        stale = true;
        break;
      case "refused":
        if (isFinal(result.code)) await failRows(ctx, [row], result.code);
        else passing = result.code;
        refused ||= isFinal(result.code);
        break;
      default:
        assertNever(result);
    }
  }
  // Entries behind a refused one are put off with it: they can go now.
  if (passing && !refused) throw new CallError(passing);
  return stale;
}

function isFinal(code: ErrorCode): boolean {
  return ["not_member", "blocked", "id_taken", "too_large", "bad_request", "not_found", "forbidden"].includes(code);
}

async function acceptRow(ctx: EngineContext, row: Row, { seq, sentAtMs }: Extract<SendResult, { outcome: "accepted" }>): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.outbox, db.messages, db.chats, async () => {
    await db.messages
      .where("[chatId+messageId]")
      .equals([row.chatId, row.messageId])
      .modify({ seq, position: seq, sentAtMs, failure: null });
    await db.outbox.delete(row.order);
    const chat = await db.chats.get(row.chatId);
    if (chat) await db.chats.put(await refreshSummary(db, { ...chat, lastOwnSeq: Math.max(chat.lastOwnSeq, seq) }));
  });
}

/** The message stays, marked as not sent, until the person tries again or deletes it. */
async function failRows(ctx: EngineContext, rows: Row[], failure: FailureCode): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.outbox, db.messages, async () => {
    for (const row of rows) {
      const message = await db.messages.get(messageKey(row.chatId, row.messageId));
      if (message?.seq === null) await db.messages.put({ ...message, failure });
      await db.outbox.delete(row.order);
    }
  });
}
