/** Collects acknowledgements for a moment and writes them with one call of the SQL function acknowledge: by a hundred they cost a
 *  twentieth of what they cost one by one. One queue per process. The function tells every process the watermarks that rose (wake-up.ts). */
import { AppError } from "../contract/errors";
import type { ChatId, DeviceId, UserId } from "../contract/ids";
import { type RetryDeps, retryTransient } from "./retry-transient";
import { type Queryable, query } from "./sql";

/** How far a device (`deliveredSeq`) and its person (`readSeq`) have got in a chat; 0 where nothing is said. */
export type Acknowledgement = { chatId: ChatId; userId: UserId; deviceId: DeviceId; deliveredSeq: number; readSeq: number };

export type AckQueue = {
  /** Resolves when they are written. Throws AppError `unavailable` when the database did not take them in time: a repetition is safe. */
  acknowledge(acknowledgements: Acknowledgement[]): Promise<void>;
};

export type AckQueueDeps = RetryDeps & { db: Queryable };

const COLLECT_MS = 50;
/** Below the time-out of clients' calls, so that they get an answer. */
const GIVE_UP_AFTER_MS = 10_000;
const MAX_BATCH = 1_000;
const MAX_WAITING = 100_000;

type Waiting = { acknowledgements: Acknowledgement[]; deadlineMs: number; resolve: () => void; reject: (error: unknown) => void };

/** Makes the queue; it holds no connection and needs no closing. */
export function createAckQueue(deps: AckQueueDeps): AckQueue {
  let waiting: Waiting[] = [];
  let waitingCount = 0;
  let running = false;

  /** One batch after the other, until nothing waits. */
  async function run(): Promise<void> {
    await deps.wait(COLLECT_MS);
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      waiting = waiting.slice(batch.length);
      for (const { acknowledgements } of batch) waitingCount -= acknowledgements.length;
      try {
        await writeBatch(deps, batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return {
    acknowledge(acknowledgements) {
      if (acknowledgements.length === 0) return Promise.resolve();
      if (waitingCount + acknowledgements.length > MAX_WAITING)
        return Promise.reject(new AppError("unavailable", "too many acknowledgements wait to be written"));
      waitingCount += acknowledgements.length;
      return new Promise((resolve, reject) => {
        waiting.push({ acknowledgements, deadlineMs: deps.now() + GIVE_UP_AFTER_MS, resolve, reject });
        if (running) return;
        running = true;
        void run();
      });
    },
  };
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let size = 0;
  const end = waiting.findIndex(({ acknowledgements }, i) => {
    size += acknowledgements.length;
    return i > 0 && size > MAX_BATCH;
  });
  return end === -1 ? waiting : waiting.slice(0, end);
}

const ACKNOWLEDGE = "SELECT acknowledge($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[])";

async function writeBatch(deps: AckQueueDeps, batch: Waiting[]): Promise<void> {
  const all = batch.flatMap(({ acknowledgements }) => acknowledgements);
  const columns = [
    all.map(({ chatId }) => chatId),
    all.map(({ userId }) => userId),
    all.map(({ deviceId }) => deviceId),
    all.map(({ deliveredSeq }) => deliveredSeq),
    all.map(({ readSeq }) => readSeq),
  ];
  const deadlineMs = Math.min(...batch.map((each) => each.deadlineMs));
  await retryTransient(deps, deadlineMs, () => query(deps.db, "acknowledge", ACKNOWLEDGE, columns));
}
