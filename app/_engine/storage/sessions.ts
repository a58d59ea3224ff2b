/** Ratchet sessions at rest. Invariant: a row is written only over the version it was read at, so two owners of the ratchets
 *  (a frozen tab that wakes without its lock) cannot both use a key. */
import type { DeviceId, UserId } from "@/server/contract/ids";
import type { EngineDatabase, SessionRow } from "./database";
import type { Wrapping } from "./wrapping";

export type PeerDevice = { userId: UserId; deviceId: DeviceId };
/** A session record's bytes and the version they were read at; 0 and null if there is none yet. */
export type StoredSession = { record: Uint8Array | null; version: number };

/** Another owner advanced a ratchet since it was read: throw everything away and read again. */
export class StaleSession extends Error {
  override readonly name = "StaleSession";
}

const purpose = (peer: PeerDevice) => `session ${peer.userId} ${peer.deviceId}`;

export async function readSession(db: EngineDatabase, wrapping: Wrapping, peer: PeerDevice): Promise<StoredSession> {
  const row = await db.sessions.get([peer.userId, peer.deviceId]);
  return row ? { record: await wrapping.unwrap(purpose(peer), row.wrapped), version: row.version } : { record: null, version: 0 };
}

/** Wraps an advanced record into the row that follows `stored`. Do it before the transaction. */
export async function wrapSession(wrapping: Wrapping, peer: PeerDevice, record: Uint8Array, readAt: number): Promise<SessionRow> {
  return { ...peer, wrapped: await wrapping.wrap(purpose(peer), record), version: readAt + 1 };
}

/** Inside a transaction over `sessions`: stores the rows. Throws StaleSession if one of them moved on meanwhile. */
export async function putSessions(db: EngineDatabase, rows: SessionRow[]): Promise<void> {
  const present = await db.sessions.bulkGet(rows.map((row) => [row.userId, row.deviceId] as [UserId, DeviceId]));
  for (const [i, row] of rows.entries()) {
    if ((present[i]?.version ?? 0) !== row.version - 1) throw new StaleSession();
  }
  await db.sessions.bulkPut(rows);
}
