/** The ratchets that one step of work touches: read and unwrapped before, advanced in memory on copies, wrapped again, and committed
 *  together with what they opened or sealed. Nothing here survives the step. */
import type { DeviceId, UserId } from "@/server/contract/ids";
import { decodeSessionRecord, encodeSessionRecord } from "../signal/record-codec";
import type { SessionRecord } from "../signal/session-state";
import type { EngineDatabase, SessionRow } from "../storage/database";
import { type PeerDevice, readSession, wrapSession } from "../storage/sessions";
import type { Wrapping } from "../storage/wrapping";

export type SessionCache = {
  /** Reads these peers' sessions into memory; those already there stay as they are. */
  load(peers: PeerDevice[]): Promise<void>;
  /** The record as advanced so far. Throws if it was not loaded. */
  get(peer: PeerDevice): SessionRecord | null;
  set(peer: PeerDevice, record: SessionRecord): void;
  /** Rows for putSessions: only of sessions that were advanced. */
  rows(): Promise<SessionRow[]>;
};

type Loaded = { peer: PeerDevice; record: SessionRecord | null; readAt: number; changed: boolean };

export function createSessionCache(db: EngineDatabase, wrapping: Wrapping): SessionCache {
  const loaded = new Map<string, Loaded>();
  const key = (peer: PeerDevice) => `${peer.userId} ${peer.deviceId}`;
  const entry = (peer: PeerDevice): Loaded => {
    const found = loaded.get(key(peer));
    if (!found) throw new Error("session was not loaded");
    return found;
  };
  return {
    async load(peers) {
      for (const { userId, deviceId } of peers) {
        const peer = { userId: userId as UserId, deviceId: deviceId as DeviceId };
        if (loaded.has(key(peer))) continue;
        const stored = await readSession(db, wrapping, peer);
        const record = stored.record && decodeSessionRecord(stored.record);
        loaded.set(key(peer), { peer, record, readAt: stored.version, changed: false });
      }
    },
    get: (peer) => entry(peer).record,
    set(peer, record) {
      Object.assign(entry(peer), { record, changed: true });
    },
    rows() {
      const changed = [...loaded.values()].filter((one) => one.changed && one.record);
      return Promise.all(
        changed.map(({ peer, record, readAt }) => wrapSession(wrapping, peer, encodeSessionRecord(record as SessionRecord), readAt)),
      );
    },
  };
}
