/** Group commit: entries that arrive together are written by one call of the SQL function send_entries, which locks, judges and commits
 *  them in one round trip. One queue per process. Invariant: an answer is given only after the commit that it speaks of. */
import type { z } from "zod";
import { ENTRY_KIND_NUMBER, type SendEntry } from "../contract/chats";
import { AppError, type ErrorCode } from "../contract/errors";
import type { ChatId, DeviceId, MessageId, UserId } from "../contract/ids";
import { type RetryDeps, retryTransient, sqlState } from "./retry-transient";
import { type Queryable, query } from "./sql";

export type QueuedEntry = {
  chatId: ChatId;
  messageId: MessageId;
  userId: UserId;
  deviceId: DeviceId;
  kind: z.infer<typeof SendEntry>["kind"];
  audienceSeq: number;
  sendCounter: number;
  body: Uint8Array | null;
  parts: { deviceId: DeviceId; ciphertext: Uint8Array }[];
};

export type SendOutcome =
  /** In the log at `seq`, now or since an earlier call. */
  | { outcome: "accepted"; seq: number; sentAtMs: number }
  | { outcome: "stale_audience"; audienceSeq: number }
  /** `unavailable`: an earlier entry of the same call and chat was refused for good; this one may be sent again without it. */
  | { outcome: "refused"; code: ErrorCode };

export type SendQueue = {
  /** Writes the entries of one call, none of which may have the chat and messageId of another. Answers in their order.
   *  Throws AppError `unavailable` when the database did not take them in time: whether it did is then unknown, and a repetition is safe. */
  send(entries: QueuedEntry[]): Promise<SendOutcome[]>;
};

export type SendQueueDeps = RetryDeps & {
  db: Queryable;
  /** An entry that no constraint of the database lets in: a fault of this program. */
  reportBadEntry: (error: unknown) => void;
};

const MAX_BATCH = 128;
/** Of ciphertext, like the next one: a call may bring 3 MB. */
const MAX_BATCH_BYTES = 8_388_608;
const MAX_WAITING_BYTES = 134_217_728;
const MAX_IN_FLIGHT = 2;
const COLLECT_MS = 1;
const MAX_WAITING = 10_000;
/** Below the time-out of clients' calls, so that they get an answer. */
const GIVE_UP_AFTER_MS = 10_000;

type Call = {
  entries: QueuedEntry[];
  sizeBytes: number;
  deadlineMs: number;
  resolve: (outcomes: SendOutcome[]) => void;
  reject: (error: unknown) => void;
};
type Numbered = { call: number; entry: QueuedEntry };

/** Makes the queue; it holds no connection and needs no closing. */
export function createSendQueue(deps: SendQueueDeps): SendQueue {
  let waiting: Call[] = [];
  let waitingEntries = 0;
  let waitingBytes = 0;
  let inFlight = 0;
  let collecting = false;

  function collect(): void {
    if (collecting || inFlight >= MAX_IN_FLIGHT || waiting.length === 0) return;
    collecting = true;
    void deps.wait(COLLECT_MS).then(() => {
      collecting = false;
      start();
    });
  }

  function start(): void {
    while (inFlight < MAX_IN_FLIGHT && waiting.length > 0) {
      const taken = takeBatch(waiting);
      waiting = waiting.slice(taken.length);
      for (const { entries, sizeBytes } of taken) {
        waitingEntries -= entries.length;
        waitingBytes -= sizeBytes;
      }
      inFlight++;
      void writeBatch(deps, taken).finally(() => {
        inFlight--;
        collect();
      });
    }
  }

  return {
    send(entries) {
      if (entries.length === 0) return Promise.resolve([]);
      const sizeBytes = sizeOf(entries);
      if (waitingEntries + entries.length > MAX_WAITING || waitingBytes + sizeBytes > MAX_WAITING_BYTES)
        return Promise.reject(new AppError("unavailable", "too many entries wait to be written"));
      waitingEntries += entries.length;
      waitingBytes += sizeBytes;
      return new Promise((resolve, reject) => {
        waiting.push({ entries, sizeBytes, deadlineMs: deps.now() + GIVE_UP_AFTER_MS, resolve, reject });
        collect();
      });
    },
  };
}

function sizeOf(entries: QueuedEntry[]): number {
  const sizes = entries.flatMap(({ body, parts }) => [body?.length ?? 0, ...parts.map(({ ciphertext }) => ciphertext.length)]);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The calls at the front that fit into one batch. A repeated entry starts the next one: the function answers it from what it finds. */
function takeBatch(waiting: Call[]): Call[] {
  const keys = new Set<string>();
  let [size, bytes] = [0, 0];
  const end = waiting.findIndex(({ entries, sizeBytes }, i) => {
    const own = entries.map(({ chatId, messageId }) => `${chatId} ${messageId}`);
    const full = size + own.length > MAX_BATCH || bytes + sizeBytes > MAX_BATCH_BYTES;
    if (i > 0 && (full || own.some((key) => keys.has(key)))) return true;
    for (const key of own) keys.add(key);
    size += own.length;
    bytes += sizeBytes;
    return false;
  });
  return end === -1 ? waiting : waiting.slice(0, end);
}

/** Settles every call. Never throws. */
async function writeBatch(deps: SendQueueDeps, calls: Call[]): Promise<void> {
  try {
    const numbered = calls.flatMap(({ entries }, call) => entries.map((entry) => ({ call, entry })));
    const deadlineMs = Math.min(...calls.map((call) => call.deadlineMs));
    const outcomes = await writeEntries(deps, deadlineMs, numbered);
    let at = 0;
    for (const { entries, resolve } of calls) {
      resolve(outcomes.slice(at, at + entries.length));
      at += entries.length;
    }
  } catch (error) {
    for (const { reject } of calls) reject(error);
  }
}

/** One row that the database refuses must not fail its batch: on errors about data (SQLSTATE classes 22 and 23) the halves go by themselves. */
async function writeEntries(deps: SendQueueDeps, deadlineMs: number, entries: Numbered[]): Promise<SendOutcome[]> {
  try {
    return await retryTransient(deps, deadlineMs, () => callSendEntries(deps.db, entries));
  } catch (error) {
    if (!/^2[23]/.test(sqlState(error))) throw error;
    if (entries.length === 1) {
      deps.reportBadEntry(error);
      return [{ outcome: "refused", code: "bad_request" }];
    }
    const middle = Math.ceil(entries.length / 2);
    const first = entries.slice(0, middle);
    const firstOutcomes = await writeEntries(deps, deadlineMs, first);
    return [...firstOutcomes, ...(await writeRest(deps, deadlineMs, { first, firstOutcomes, rest: entries.slice(middle) }))];
  }
}

/** The second half, without what an entry of the first half holds back. */
async function writeRest(
  deps: SendQueueDeps,
  deadlineMs: number,
  { first, firstOutcomes, rest }: { first: Numbered[]; firstOutcomes: SendOutcome[]; rest: Numbered[] },
): Promise<SendOutcome[]> {
  const placeOf = ({ call, entry }: Numbered) => `${call} ${entry.chatId}`;
  const refused = new Set(first.filter((_, i) => firstOutcomes[i]?.outcome !== "accepted").map(placeOf));
  const free = rest.filter((each) => !refused.has(placeOf(each)));
  const outcomes = free.length === 0 ? [] : await writeEntries(deps, deadlineMs, free);
  const held: SendOutcome = { outcome: "refused", code: "unavailable" };
  let at = 0;
  return rest.map((each) => (refused.has(placeOf(each)) ? held : (outcomes[at++] ?? held)));
}

const SEND = `
  SELECT ord, outcome, seq, sent_at, audience_seq
  FROM send_entries($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::smallint[], $7::bigint[], $8::bigint[], $9::bytea[],
    $10::int[], $11::uuid[], $12::bytea[])`;

type OutcomeRow = { ord: number; outcome: number; seq: number | null; sent_at: Date; audience_seq: number | null };

async function callSendEntries(db: Queryable, numbered: Numbered[]): Promise<SendOutcome[]> {
  const entries = numbered.map(({ entry }) => entry);
  const parts = entries.flatMap((entry, i) => entry.parts.map((part) => ({ ...part, ord: i + 1 })));
  const rows = await query<OutcomeRow>(db, "send_entries", SEND, [
    numbered.map(({ call }) => call),
    entries.map(({ chatId }) => chatId),
    entries.map(({ messageId }) => messageId),
    entries.map(({ userId }) => userId),
    entries.map(({ deviceId }) => deviceId),
    entries.map(({ kind }) => ENTRY_KIND_NUMBER[kind]),
    entries.map(({ audienceSeq }) => audienceSeq),
    entries.map(({ sendCounter }) => sendCounter),
    entries.map(({ body }) => body),
    parts.map(({ ord }) => ord),
    parts.map(({ deviceId }) => deviceId),
    parts.map(({ ciphertext }) => ciphertext),
  ]);
  return rows.map(outcomeOf);
}

const REFUSALS: Record<number, ErrorCode> = { 2: "not_member", 4: "device_required", 5: "id_taken", 6: "unavailable" };

function outcomeOf({ outcome, seq, sent_at, audience_seq }: OutcomeRow): SendOutcome {
  if (outcome <= 1 && seq !== null) return { outcome: "accepted", seq, sentAtMs: sent_at.getTime() };
  if (outcome === 3 && audience_seq !== null) return { outcome: "stale_audience", audienceSeq: audience_seq };
  const code = REFUSALS[outcome];
  if (code === undefined) throw new Error(`unknown outcome ${outcome} of send_entries`);
  return { outcome: "refused", code };
}
