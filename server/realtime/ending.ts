/** Cutting off who may not listen any more. */
import type { DeviceId, UserId } from "../contract/ids";
import { CLOSINGS, type Closing } from "./closings";
import type { Connection } from "./connection";
import type { EndedOwners } from "./ended-owners";
import type { Sockets } from "./sockets";

type EndingDeps = { sockets: Sockets; ended: EndedOwners; drop: (connection: Connection, closing: Closing) => void };

export function createEnding({ sockets, ended, drop }: EndingDeps) {
  const end = (connection: Connection) => drop(connection, CLOSINGS.sessionEnded);
  return {
    endSession(sessionId: string): void {
      ended.add(sessionId);
      for (const connection of sockets.ofUser(sessionId)) end(connection);
    },
    endDevice(userId: UserId, deviceId: DeviceId): void {
      ended.add(deviceId);
      for (const connection of sockets.ofAccount(userId)) if (connection.user?.owner?.deviceId === deviceId) end(connection);
    },
    endAccount(userId: UserId): void {
      for (const connection of sockets.ofAccount(userId)) {
        if (connection.user?.owner) ended.add(connection.user.owner.sessionId);
        end(connection);
      }
    },
    // NOTE: the signature for a channel stays good on its socket, used or not, so it is the socket that has to go.
    askAgain(userId: UserId): void {
      for (const connection of sockets.ofAccount(userId)) drop(connection, CLOSINGS.rightsChanged);
    },
  };
}
