/** Notices a store that went back in time (a restored or cloned profile) before it encrypts anything: its ratchets would use keys again.
 *  The server remembers the greatest sendCounter per chat, and a store commits its own before the network sees a byte. */
import { archiveSessions } from "../signal/session-state";
import { putSessions } from "../storage/sessions";
import type { EngineContext } from "./engine-context";
import type { Leadership } from "./leadership";
import { replacePrekeys } from "./prekeys";
import { createSessionCache } from "./session-cache";

/** Archives all sessions and forgets queued ciphertexts if the server has seen more of this device than its store has.
 *  Resolves to whether it had to. Throws CallError, LostLeadership. */
export async function recoverFromRollback(ctx: EngineContext, leadership: Leadership): Promise<boolean> {
  const { db } = ctx;
  const { counters } = await ctx.api.call((c) => c.messages.sendCounters.query());
  const chats = new Map((await db.chats.toArray()).map((chat) => [chat.chatId, chat.sendCounter]));
  const ahead = counters.filter(({ chatId, sendCounter }) => sendCounter > (chats.get(chatId) ?? sendCounter));
  if (ahead.length === 0) return false;
  // First, because it waits for the network: what is opened meanwhile moves sessions on.
  await replacePrekeys(ctx, leadership);
  const peers = (await db.sessions.toCollection().primaryKeys()).map(([userId, deviceId]) => ({ userId, deviceId }));
  const sessions = createSessionCache(db, ctx.wrapping);
  await sessions.load(peers);
  for (const peer of peers) {
    const record = sessions.get(peer);
    if (record) sessions.set(peer, archiveSessions(record));
  }
  const rows = await sessions.rows();
  await db.transaction("rw", [db.meta, db.sessions, db.outbox, db.chats], async () => {
    await leadership.check();
    await putSessions(db, rows);
    await db.outbox.toCollection().modify({ sealed: null });
    for (const { chatId, sendCounter } of ahead) await db.chats.where({ chatId }).modify({ sendCounter });
  });
  return true;
}
