/** Cutting off who may not listen any more. */
import type { DeviceId, UserId } from "../contract/ids";
import type { Connection } from "./connection";
import type { EndedOwners } from "./ended-owners";
import type { Sockets } from "./sockets";

type EndingDeps = { sockets: Sockets; ended: EndedOwners; drop: (connection: Connection) => void };

export function createEnding({ sockets, ended, drop }: EndingDeps) {
  return {
    endSession(sessionId: string): void {
      ended.add(sessionId);
      for (const connection of sockets.ofSession(sessionId)) drop(connection);
    },
    endDevice(userId: UserId, deviceId: DeviceId): void {
      ended.add(deviceId);
      for (const connection of sockets.ofAccount(userId)) if (connection.owner?.deviceId === deviceId) drop(connection);
    },
    endAccount(userId: UserId): void {
      for (const connection of sockets.ofAccount(userId)) {
        if (connection.owner) ended.add(connection.owner.sessionId);
        drop(connection);
      }
    },
  };
}
