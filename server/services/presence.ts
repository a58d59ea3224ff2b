/** Keeps the register of who is online true to the sockets of this process: collects changes for a moment, repeats what the database did
 *  not take, gives a sign of life now and then, and ends what processes without one have left. Nothing is written but that. */
import { randomUUID } from "node:crypto";
import type { UserId } from "../contract/ids";
import type { Logger } from "../log";
import { type SetTimer, setUnrefTimer } from "../realtime/shutdown";
import { createAttendance } from "./presence-attendance";
import { changePresence, leaveRegister, stayInRegister, sweepRegister } from "./presence-register";
import type { Queryable } from "./sql";

/** How long somebody without a socket still counts as online. */
export const PRESENCE_GRACE_MS = 15_000;
/** Thousands may come at once, after a restart. */
const COLLECT_MS = 200;
const MAX_BATCH = 500;
const RETRY_MS = 2_000;
/** Those of a process that died are offline within the sum of both. */
const PROCESS_LIFE_MS = 75_000;
export const SIGN_OF_LIFE_MS = 30_000;

export type PresenceDeps = { db: Queryable; log: Pick<Logger, "warn">; now: () => number; setTimer?: SetTimer };

export type PresenceKeeper = {
  /** The account's first socket in this process. */
  present(userId: UserId): void;
  /** Its last one here went. */
  absent(userId: UserId): void;
  /** Registers this process and writes from now on. Never throws: what fails is repeated. */
  start(): Promise<void>;
  /** Leaves those who are here to the grace: they come back to another process, or to the next one. */
  stop(): Promise<void>;
};

/** Makes the keeper; until it is started it only takes note. `now` in milliseconds. */
export function createPresence({ db, log, now, setTimer = setUnrefTimer }: PresenceDeps): PresenceKeeper {
  const processId = randomUUID();
  /** What the register does not know yet: since when an account is gone, null where it is here. */
  let unwritten = new Map<UserId, number | null>();
  let started = false;
  let running: Promise<void> | undefined;
  let cancelWrite: (() => void) | undefined;
  let cancelSign: (() => void) | undefined;

  const note = (userId: UserId, leftAtMs: number | null) => {
    unwritten.set(userId, leftAtMs);
    writeIn(COLLECT_MS);
  };
  const attendance = createAttendance({
    ...{ graceMs: PRESENCE_GRACE_MS, now, setTimer },
    came: (userId) => note(userId, null),
    left: note,
  });

  function writeIn(ms: number): void {
    if (!started || running || unwritten.size === 0) return;
    cancelWrite ??= setTimer(() => {
      cancelWrite = undefined;
      running = write().then((retryMs) => {
        running = undefined;
        writeIn(retryMs);
      });
    }, ms);
  }

  /** Writes everything there is, batch by batch. Resolves to when to look again. */
  async function write(): Promise<number> {
    while (started && unwritten.size > 0) {
      const batch = new Map([...unwritten].slice(0, MAX_BATCH));
      for (const userId of batch.keys()) unwritten.delete(userId);
      try {
        const changes = [...batch].map(([userId, leftAtMs]) => ({ userId, leftMsAgo: leftAtMs === null ? null : now() - leftAtMs }));
        if (!(await changePresence(db, processId, changes))) await register();
      } catch (err) {
        // What came meanwhile is newer.
        unwritten = new Map([...batch, ...unwritten]);
        log.warn("presence could not be written; it is again in a moment", { err });
        return RETRY_MS;
      }
    }
    return COLLECT_MS;
  }

  /** A process that was not known starts from what it has: what it had told before is gone. */
  async function register(): Promise<void> {
    await stayInRegister(db, processId, PROCESS_LIFE_MS);
    unwritten = new Map([...attendance.accounts().map((userId) => [userId, null] as const), ...unwritten]);
  }

  async function signOfLife(): Promise<void> {
    try {
      if (await stayInRegister(db, processId, PROCESS_LIFE_MS)) await register();
      await sweepRegister(db);
    } catch (err) {
      log.warn("no sign of life could be given; it is again in a moment", { err });
    }
    if (!started) return;
    writeIn(COLLECT_MS);
    cancelSign = setTimer(() => void signOfLife(), SIGN_OF_LIFE_MS);
  }

  return {
    present: attendance.present,
    absent: attendance.absent,
    async start() {
      started = true;
      await signOfLife();
    },
    async stop() {
      if (!started) return;
      started = false;
      for (const cancel of [attendance.stop, cancelWrite, cancelSign]) cancel?.();
      await running;
      await leaveRegister(db, processId, PRESENCE_GRACE_MS).catch(() => {});
    },
  };
}
