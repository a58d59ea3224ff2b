/** Collects acknowledgements for a moment and writes them with one call of the SQL function acknowledge: by a hundred they cost a
 *  twentieth of what they cost one by one. One queue per process. Tells the watermarks that rose. */
import { accountChannel } from "../contract/events";
import type { ChatId, DeviceId, LogId, UserId } from "../contract/ids";
import type { Realtime } from "../realtime/realtime";
import { type RetryDeps, retryTransient } from "./retry-transient";
import { type Queryable, query } from "./sql";

/** How far a device (`deliveredSeq`) and its person (`readSeq`) have got in a chat; 0 where nothing is said. */
export type Acknowledgement = { chatId: ChatId; userId: UserId; deviceId: DeviceId; deliveredSeq: number; readSeq: number };

export type AckQueue = {
  /** Resolves when they are written. Throws AppError `unavailable` when the database did not take them in time: a repetition is safe. */
  acknowledge(acknowledgements: Acknowledgement[]): Promise<void>;
};

export type AckQueueDeps = RetryDeps & { db: Queryable; logId: LogId; realtime: Pick<Realtime, "publish"> };

const COLLECT_MS = 50;
const GIVE_UP_AFTER_MS = 10_000;
const MAX_BATCH = 1_000;

type Waiting = { acknowledgements: Acknowledgement[]; resolve: () => void; reject: (error: unknown) => void };

/** Makes the queue; it holds no connection and needs no closing. */
export function createAckQueue(deps: AckQueueDeps): AckQueue {
  let waiting: Waiting[] = [];
  let running = false;

  /** One batch after the other, until nothing waits. */
  async function run(): Promise<void> {
    await deps.wait(COLLECT_MS);
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      waiting = waiting.slice(batch.length);
      try {
        await writeBatch(
          deps,
          batch.flatMap(({ acknowledgements }) => acknowledgements),
        );
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
      return new Promise((resolve, reject) => {
        waiting.push({ acknowledgements, resolve, reject });
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

const ACKNOWLEDGE = `
  SELECT chat_id, user_id, delivered_seq, read_seq, members FROM acknowledge($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[])`;

type RisenRow = { chat_id: ChatId; user_id: UserId; delivered_seq: number; read_seq: number; members: UserId[] };

async function writeBatch(deps: AckQueueDeps, batch: Acknowledgement[]): Promise<void> {
  const rows = await retryTransient(deps, deps.now() + GIVE_UP_AFTER_MS, () =>
    query<RisenRow>(deps.db, "acknowledge", ACKNOWLEDGE, [
      batch.map(({ chatId }) => chatId),
      batch.map(({ userId }) => userId),
      batch.map(({ deviceId }) => deviceId),
      batch.map(({ deliveredSeq }) => deliveredSeq),
      batch.map(({ readSeq }) => readSeq),
    ]),
  );
  deps.realtime.publish(rows.flatMap((row) => publicationsOf(deps.logId, row)));
}

function publicationsOf(logId: LogId, { chat_id, user_id, delivered_seq, read_seq, members }: RisenRow) {
  const data = { logId, chatId: chat_id, userId: user_id, deliveredSeq: delivered_seq, readSeq: read_seq };
  return members.map((member) => ({ channel: accountChannel(member), event: { name: "watermark" as const, data } }));
}
