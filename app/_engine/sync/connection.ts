/** What the person is told about the line to the server. Written by the leader into the store, so that every tab shows the same. */

import { type ConnectionRow, type EngineDatabase, readMeta, writeMeta } from "../storage/database";
import type { CallCode } from "../transport/api";

export type Connection = {
  realtime(up: boolean): Promise<void>;
  /** How a task's last call went: null when it was answered. */
  answered(task: string, failure: CallCode | null): Promise<void>;
  storageFailed(failed: boolean): Promise<void>;
  isRealtimeUp(): boolean;
};

export function createConnection(db: EngineDatabase): Connection {
  /** Null until the first attempt succeeded or failed. */
  let realtimeUp: boolean | null = null;
  const failures = new Map<string, CallCode>();
  let asked = false;
  let storageFailed = false;
  const write = async () => {
    const next: ConnectionRow = { state: state(asked, realtimeUp, [...failures.values()]), storageFailed };
    await db.transaction("rw", db.meta, async () => {
      if (!(await readMeta(db, "account"))) return; // signed out meanwhile: nothing of it may come back
      const present = await readMeta(db, "connection");
      if (present?.state !== next.state || present.storageFailed !== next.storageFailed) await writeMeta(db, "connection", next);
    });
  };
  // A full or closed store refuses this too: then there is nothing to tell.
  const publish = () => write().catch(() => {});
  void publish();
  return {
    isRealtimeUp: () => realtimeUp === true,
    realtime(up) {
      realtimeUp = up;
      return publish();
    },
    answered(task, failure) {
      asked = true;
      if (failure) failures.set(task, failure);
      else failures.delete(task);
      return publish();
    },
    storageFailed(failed) {
      storageFailed = failed;
      return publish();
    },
  };
}

// NOTE: navigator.onLine lies. Only the socket and the last answer count.
function state(asked: boolean, realtimeUp: boolean | null, failures: CallCode[]): ConnectionRow["state"] {
  if (failures.includes("offline")) return "offline";
  if (failures.includes("unavailable")) return "unavailable";
  if (!asked || realtimeUp === null) return "connecting";
  return realtimeUp ? "online" : "polling";
}
