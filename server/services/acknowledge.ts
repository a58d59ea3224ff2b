import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { Acknowledge, Acknowledged } from "../contract/chats";
import type { ChatId } from "../contract/ids";
import type { Acknowledgement } from "./ack-queue";

/** Notes what the device stored and its person saw, lets go of parts that are no longer needed, and tells whom it concerns. Watermarks
 *  never fall, and chats that the caller is not in are passed over. What was meant for another state of the log is not believed: the
 *  answer's logId tells the device to pull. Throws `rate_limited`, `unavailable`. */
export async function acknowledge(
  app: AppContext,
  { userId, deviceId }: DeviceCaller,
  { logId, delivered, read }: z.infer<typeof Acknowledge>,
): Promise<z.infer<typeof Acknowledged>> {
  await app.rateLimits.consume("acknowledge", deviceId);
  if (logId !== app.logId) return { logId: app.logId };
  const byChat = new Map<ChatId, Acknowledgement>();
  const of = (chatId: ChatId) => {
    const known = byChat.get(chatId) ?? { chatId, userId, deviceId, deliveredSeq: 0, readSeq: 0 };
    byChat.set(chatId, known);
    return known;
  };
  for (const { chatId, seq } of delivered) of(chatId).deliveredSeq = Math.max(of(chatId).deliveredSeq, seq);
  for (const { chatId, seq } of read) of(chatId).readSeq = Math.max(of(chatId).readSeq, seq);
  await app.ackQueue.acknowledge([...byChat.values()]);
  app.metrics.acknowledgements(byChat.size);
  return { logId: app.logId };
}
