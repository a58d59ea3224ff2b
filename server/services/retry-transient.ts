/** Repeats what the database could not do just now: connection lost or refused, deadlock, lock or statement timeout, shutting down.
 *  For work that is safe to repeat, whether or not the attempt before took effect. */
import { setTimeout as wait } from "node:timers/promises";
import { isPassing } from "../app-error";
import { AppError } from "../contract/errors";

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 1_000;

export type RetryDeps = {
  /** Milliseconds; only differences count. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
};

/** The machine's own clock. */
export const REAL_TIME: RetryDeps = { now: () => performance.now(), wait: (ms) => wait(ms) };

/** The SQLSTATE of a Postgres error, or "". */
export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
}

/** Runs `attempt` until it succeeds, fails for good, or `deadlineMs` (on the clock of `now`) has passed: then throws AppError `unavailable`. */
export async function retryTransient<T>({ now, wait }: RetryDeps, deadlineMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (now() + waitMs > deadlineMs)
        throw new AppError("unavailable", `the database did not get to it (${sqlState(error) || "connection"})`);
      await wait(waitMs);
    }
  }
}
