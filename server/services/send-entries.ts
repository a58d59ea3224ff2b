import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { SendEntries, SendEntry, SendResult, SentEntries } from "../contract/chats";
import { fromBase64 } from "../contract/encodings";
import { AppError } from "../contract/errors";
import type { ChatId } from "../contract/ids";
import { MAX_CIPHERTEXT_BYTES, MAX_PARTS_PER_ENTRY } from "../contract/limits";
import { readStatements } from "./chat-statements";
import type { QueuedEntry, SendOutcome } from "./send-queue";

/** Puts entries into the logs of their chats, in the order given, and answers for each by itself. A repeated messageId of the same
 *  device gets the answer it got first. Where one is refused, the later ones of that chat in the call are not written either.
 *  Throws `bad_request` when a messageId occurs twice in a chat, `rate_limited`, `unavailable` (nothing is known: send again). */
export async function sendEntries(
  app: AppContext,
  caller: DeviceCaller,
  { entries }: z.infer<typeof SendEntries>,
): Promise<z.infer<typeof SentEntries>> {
  if (new Set(entries.map(({ chatId, messageId }) => `${chatId} ${messageId}`)).size < entries.length) {
    throw new AppError("bad_request", "a messageId occurs twice in the call");
  }
  await app.rateLimits.consume("send", caller.deviceId, entries.length);
  const outcomes = await writeThoseThatFit(
    app,
    entries.map((entry) => decode(caller, entry)),
  );
  const missing = await readMissing(app, entries, outcomes);
  const results = entries.map((entry, i) => present(entry, outcomes[i] as SendOutcome, missing));
  for (const { outcome } of results) app.metrics.sends(outcome);
  return { logId: app.logId, results };
}

function decode({ userId, deviceId }: DeviceCaller, entry: SendEntry): QueuedEntry {
  const { chatId, messageId, kind, audienceSeq, sendCounter, bodyBase64 } = entry;
  const parts = entry.parts.map((part) => ({ deviceId: part.deviceId, ciphertext: fromBase64(part.partBase64) }));
  const body = bodyBase64 === null ? null : fromBase64(bodyBase64);
  return { chatId, messageId, userId, deviceId, kind, audienceSeq, sendCounter, body, parts };
}

function fits({ body, parts }: QueuedEntry): boolean {
  const sizes = [body?.length ?? 0, ...parts.map(({ ciphertext }) => ciphertext.length)];
  return parts.length <= MAX_PARTS_PER_ENTRY && sizes.every((size) => size <= MAX_CIPHERTEXT_BYTES);
}

/** Sizes are judged before the queue, so that one call's entry can't fail a batch. */
async function writeThoseThatFit(app: AppContext, entries: QueuedEntry[]): Promise<SendOutcome[]> {
  const stopped = new Set<ChatId>();
  const refusals = entries.map((entry): SendOutcome | null => {
    if (stopped.has(entry.chatId)) return { outcome: "refused", code: "unavailable" };
    if (fits(entry)) return null;
    stopped.add(entry.chatId);
    return { outcome: "refused", code: "too_large" };
  });
  const written = await app.sendQueue.send(entries.filter((_, i) => refusals[i] === null));
  let at = 0;
  return refusals.map((refusal) => refusal ?? (written[at++] as SendOutcome));
}

type Missing = Map<ChatId, Extract<SendResult, { outcome: "stale_audience" }>["missing"]>;

/** The statements that the sender has not applied, for each chat in which its audience is stale. */
async function readMissing(app: AppContext, entries: SendEntry[], outcomes: SendOutcome[]): Promise<Missing> {
  const ranges = new Map<ChatId, { afterSeq: number; untilSeq: number }>();
  for (const [i, { chatId, audienceSeq }] of entries.entries()) {
    const outcome = outcomes[i];
    if (outcome?.outcome !== "stale_audience") continue;
    const afterSeq = Math.min(audienceSeq, ranges.get(chatId)?.afterSeq ?? audienceSeq);
    ranges.set(chatId, { afterSeq, untilSeq: outcome.audienceSeq });
  }
  const read = async ([chatId, range]: [ChatId, { afterSeq: number; untilSeq: number }]) =>
    [chatId, await readStatements(app.pool, { chatId, ...range })] as const;
  return new Map(await Promise.all([...ranges].map(read)));
}

function present({ chatId, messageId, audienceSeq }: SendEntry, outcome: SendOutcome, missing: Missing): SendResult {
  if (outcome.outcome !== "stale_audience") return { ...outcome, messageId };
  return { ...outcome, messageId, missing: missing.get(chatId)?.filter(({ seq }) => seq > audienceSeq) ?? [] };
}
