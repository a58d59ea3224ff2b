/** Where an external service carries the events, every process hears what was committed, and one of them publishes it. Which one is
 *  decided by a lock in the database that belongs to the connection that listens: it goes with it. The others remember what they heard for
 *  longer than it takes to notice, so that a process that dies swallows nothing (what is told twice is told once too often, no more). */
import { setTimeout as wait } from "node:timers/promises";
import type { Queryable } from "./sql";

const LOCK = "SELECT pg_try_advisory_lock(hashtext('parley publisher')) AS mine";
/** How often a process that waits for its turn asks for it. */
const ASK_EVERY_MS = 1_000;
/** Longer than a dead connection can hold the lock where both ends are on one network. */
const REMEMBERED_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export type PublishingTurn = {
  /** Does it if it is this process's turn, else remembers it for when the turn comes. */
  take(work: () => void): void;
  /** Asks for the turn on the connection that listens. Rejects when that is lost. */
  ask(connection: Queryable): Promise<void>;
  /** Asks until it has the turn. Resolves then, when the connection is lost, or at the signal. */
  wait(connection: Queryable, signal: AbortSignal): Promise<void>;
  /** That connection is gone, and the turn with it. */
  lost(): void;
};

/** `now` in milliseconds. `tellAllToLook` is called when the turn comes so late that something may have been forgotten. */
export function createPublishingTurn({ now, tellAllToLook }: { now: () => number; tellAllToLook: () => void }): PublishingTurn {
  let mine = false;
  let hasForgotten = false;
  let remembered: { work: () => void; atMs: number }[] = [];

  async function ask(connection: Queryable): Promise<void> {
    if (mine) return;
    const { rows } = await connection.query<{ mine: boolean }>(LOCK);
    if (!rows[0]?.mine) return;
    mine = true;
    forgetOld();
    const heard = remembered;
    remembered = [];
    for (const { work } of heard) work();
    if (hasForgotten) tellAllToLook();
    hasForgotten = false;
  }

  function forgetOld(): void {
    const oldestMs = now() - REMEMBERED_MS;
    if (remembered.length <= MAX_REMEMBERED && (remembered[0]?.atMs ?? oldestMs) >= oldestMs) return;
    remembered = remembered.filter(({ atMs }) => atMs >= oldestMs).slice(-MAX_REMEMBERED);
    hasForgotten = true;
  }

  return {
    take(work) {
      if (mine) return work();
      remembered.push({ work, atMs: now() });
      forgetOld();
    },
    ask,
    async wait(connection, signal) {
      try {
        for (await ask(connection); !mine; await ask(connection)) await wait(ASK_EVERY_MS, undefined, { ref: false, signal });
      } catch {
        // The connection that takes its place asks again.
      }
    },
    lost() {
      mine = false;
    },
  };
}
