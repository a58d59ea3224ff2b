/** Tells the server what is stored here and what was seen: at most every 250 ms, never before it is stored. */
import { MAX_ACKNOWLEDGEMENTS } from "@/server/contract/limits";
import { readMeta } from "../storage/database";
import type { EngineContext } from "./engine-context";

/** Sends one call of what the server does not know yet. Resolves to true if more is left. Throws CallError. */
export async function acknowledgePending(ctx: EngineContext): Promise<boolean> {
  const log = await readMeta(ctx.db, "log");
  if (!log) return false;
  const chats = await ctx.db.chats.toArray();
  const delivered = chats.filter((chat) => chat.cursorSeq > Math.max(0, chat.acknowledgedSeq)).slice(0, MAX_ACKNOWLEDGEMENTS);
  const read = chats.filter((chat) => chat.readSeq > Math.max(0, chat.readAcknowledgedSeq)).slice(0, MAX_ACKNOWLEDGEMENTS);
  if (delivered.length === 0 && read.length === 0) return false;
  const answer = await ctx.api.call((c) =>
    c.messages.acknowledge.mutate({
      logId: log.logId,
      delivered: delivered.map((chat) => ({ chatId: chat.chatId, seq: chat.cursorSeq })),
      read: read.map((chat) => ({ chatId: chat.chatId, seq: chat.readSeq })),
    }),
  );
  if (answer.logId !== log.logId) return false; // it forgot what this was about: the next pull learns of the other log
  await ctx.db.transaction("rw", ctx.db.chats, async () => {
    for (const chat of delivered) {
      await ctx.db.chats.where({ chatId: chat.chatId }).modify((row) => {
        row.acknowledgedSeq = Math.max(row.acknowledgedSeq, chat.cursorSeq);
      });
    }
    for (const chat of read) {
      await ctx.db.chats.where({ chatId: chat.chatId }).modify((row) => {
        row.readAcknowledgedSeq = Math.max(row.readAcknowledgedSeq, chat.readSeq);
      });
    }
  });
  return delivered.length === MAX_ACKNOWLEDGEMENTS || read.length === MAX_ACKNOWLEDGEMENTS;
}
