/** The register of who is online, over all server processes: one row for each process, and one for each account that has a socket there.
 *  What changes for an account is decided by SQL functions, which also tell it to every process (wake-up.ts). */
import type { UserId } from "../contract/ids";
import { type Queryable, query } from "./sql";

/** What a process says of an account: it is here, or its last socket went so many milliseconds ago. */
export type PresenceChange = { userId: UserId; leftMsAgo: number | null };

const STAY = `
  INSERT INTO server_processes (process_id, seen_at, expires_at) VALUES ($1, now(), now() + $2 * interval '1 millisecond')
  ON CONFLICT (process_id) DO UPDATE SET seen_at = excluded.seen_at, expires_at = excluded.expires_at
  RETURNING xmax = 0 AS registered`;

/** The process lives, and counts as gone unless this is repeated within `lifeMs`. Resolves to true when it was not registered (or was
 *  taken for dead): then it has to name all its accounts. */
export async function stayInRegister(db: Queryable, processId: string, lifeMs: number): Promise<boolean> {
  const [row] = await query<{ registered: boolean }>(db, "stay_in_register", STAY, [processId, lifeMs]);
  return row?.registered ?? false;
}

const LEAVE = "UPDATE server_processes SET seen_at = now(), expires_at = now() + $2 * interval '1 millisecond' WHERE process_id = $1";

/** The process stops: its accounts count as gone in `graceMs`, unless they come to another one. */
export async function leaveRegister(db: Queryable, processId: string, graceMs: number): Promise<void> {
  await query(db, "leave_register", LEAVE, [processId, graceMs]);
}

const CHANGE = "SELECT change_presence($1, $2::uuid[], $3::uuid[], $4::bigint[]) AS taken";

/** Writes what changed in the process. Resolves to false, with nothing written, when it is not registered. */
export async function changePresence(db: Queryable, processId: string, changes: PresenceChange[]): Promise<boolean> {
  const here = changes.filter(({ leftMsAgo }) => leftMsAgo === null);
  const left = changes.filter(({ leftMsAgo }) => leftMsAgo !== null);
  const [row] = await query<{ taken: boolean }>(db, "change_presence", CHANGE, [
    processId,
    here.map(({ userId }) => userId),
    left.map(({ userId }) => userId),
    left.map(({ leftMsAgo }) => leftMsAgo),
  ]);
  return row?.taken ?? false;
}

/** Ends the stays in processes that are gone. Any number of processes may do it at once. */
export async function sweepRegister(db: Queryable): Promise<void> {
  await query(db, "sweep_presence", "SELECT sweep_presence()");
}
