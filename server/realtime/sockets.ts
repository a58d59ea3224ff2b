/** Every open connection, found by socket id, account or address. */
import type { UserId } from "../contract/ids";
import type { Connection, SocketOwner } from "./connection";

export type Sockets = ReturnType<typeof createSockets>;

export function createSockets() {
  const byId = new Map<string, Connection>();
  const byAccount = new Map<UserId, Set<Connection>>();
  const unclaimed = new Map<string, number>();

  function countUnclaimed(address: string, delta: 1 | -1): void {
    const count = (unclaimed.get(address) ?? 0) + delta;
    if (count > 0) unclaimed.set(address, count);
    else unclaimed.delete(address);
  }

  return {
    add(connection: Connection): void {
      byId.set(connection.socketId, connection);
      countUnclaimed(connection.address, 1);
    },

    /** Returns false if it was gone already. */
    remove(connection: Connection): boolean {
      if (!byId.delete(connection.socketId)) return false;
      if (!connection.owner) {
        countUnclaimed(connection.address, -1);
        return true;
      }
      const ofAccount = byAccount.get(connection.owner.userId);
      ofAccount?.delete(connection);
      if (ofAccount?.size === 0) byAccount.delete(connection.owner.userId);
      return true;
    },

    /** Binds the connection to a session, for good; the session may have got a device since. */
    claim(connection: Connection, owner: SocketOwner): void {
      if (!connection.owner) countUnclaimed(connection.address, -1);
      connection.owner = owner;
      const ofAccount = byAccount.get(owner.userId);
      if (ofAccount) ofAccount.add(connection);
      else byAccount.set(owner.userId, new Set([connection]));
    },

    find: (socketId: string): Connection | undefined => byId.get(socketId),
    all: (): Iterable<Connection> => byId.values(),
    ofAccount: (userId: UserId): ReadonlySet<Connection> => byAccount.get(userId) ?? new Set(),
    unclaimedOf: (address: string): number => unclaimed.get(address) ?? 0,
    count: () => byId.size,
  };
}
