/** One owner of the ratchets per browser profile: a Web Lock chooses it, and a number that grows with each leader is checked
 *  inside every write, because a frozen tab can wake up after it lost its lock. */
import { type EngineDatabase, readMeta, writeMeta } from "../storage/database";

/** Another tab leads now: drop what is in memory and stop. */
export class LostLeadership extends Error {
  override readonly name = "LostLeadership";
}

export type Leadership = {
  number: number;
  /** Inside a transaction that covers `meta`: throws LostLeadership unless this is still the leader. */
  check(): Promise<void>;
};
/** Inside a transaction that covers `meta`: whoever leads now has lost it. */
export async function endLeadership(db: EngineDatabase): Promise<void> {
  await writeMeta(db, "leader", ((await readMeta(db, "leader")) ?? 0) + 1);
}

export type Locks = Pick<LockManager, "request">;

/** Waits until this engine may lead, then runs `lead`; when that ends, waits again, until `signal` aborts. */
export async function whenLeader(
  deps: { db: EngineDatabase; locks: Locks; name: string; signal: AbortSignal },
  lead: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  try {
    while (!deps.signal.aborted) {
      await deps.locks.request(deps.name, { signal: deps.signal }, async () => {
        if (!deps.signal.aborted) await lead(await takeNumber(deps.db));
      });
    }
  } catch (error) {
    if (!deps.signal.aborted) throw error;
  }
}

async function takeNumber(db: EngineDatabase): Promise<Leadership> {
  const number = await db.transaction("rw", db.meta, async () => {
    const next = ((await readMeta(db, "leader")) ?? 0) + 1;
    await writeMeta(db, "leader", next);
    return next;
  });
  return {
    number,
    async check() {
      if ((await readMeta(db, "leader")) !== number) throw new LostLeadership();
    },
  };
}
