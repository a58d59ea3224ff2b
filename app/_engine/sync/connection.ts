/** What the person is told about the line to the server. Written by the leader into the store, so that every tab shows the same. */

import { type ConnectionRow, type EngineDatabase, readMeta, writeMeta } from "../storage/database";
import type { CallCode } from "../transport/api";

export type Connection = {
  realtime(up: boolean): Promise<void>;
  /** Outcome of the last call: null when it was answered. Resolves to true when it was the first answer after silence. */
  answered(failure: CallCode | null): Promise<boolean>;
  storageFailed(failed: boolean): Promise<void>;
  isRealtimeUp(): boolean;
};

export function createConnection(db: EngineDatabase): Connection {
  /** Null until the first attempt succeeded or failed. */
  let realtimeUp: boolean | null = null;
  let failure: CallCode | null = null;
  let asked = false;
  let storageFailed = false;
  const write = async () => {
    const next: ConnectionRow = { state: state(asked, realtimeUp, failure), storageFailed };
    await db.transaction("rw", db.meta, async () => {
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
    async answered(code) {
      const recovered = failure !== null && code === null;
      asked = true;
      failure = code;
      await publish();
      return recovered;
    },
    storageFailed(failed) {
      storageFailed = failed;
      return publish();
    },
  };
}

// NOTE: navigator.onLine lies. Only the socket and the last answer count.
function state(asked: boolean, realtimeUp: boolean | null, failure: CallCode | null): ConnectionRow["state"] {
  if (failure === "offline") return "offline";
  if (failure === "unavailable") return "unavailable";
  if (!asked || realtimeUp === null) return "connecting";
  return realtimeUp ? "online" : "polling";
}
