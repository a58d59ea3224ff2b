/** Every open connection, found by socket id, account, session or address. */
import type { UserId } from "../contract/ids";
import type { Connection, SocketOwner } from "./connection";

export type Sockets = ReturnType<typeof createSockets>;

export function createSockets() {
  const byId = new Map<string, Connection>();
  const byAccount = createIndex<UserId>();
  const bySession = createIndex<string>();
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
      byAccount.remove(connection.owner.userId, connection);
      bySession.remove(connection.owner.sessionId, connection);
      return true;
    },

    /** Binds the connection to a session, for good; the session may have got a device since. */
    claim(connection: Connection, owner: SocketOwner): void {
      if (!connection.owner) countUnclaimed(connection.address, -1);
      connection.owner = owner;
      byAccount.add(owner.userId, connection);
      bySession.add(owner.sessionId, connection);
    },

    find: (socketId: string): Connection | undefined => byId.get(socketId),
    all: (): Iterable<Connection> => byId.values(),
    ofAccount: byAccount.of,
    ofSession: bySession.of,
    /** The sessions that have a socket here. */
    sessions: bySession.keys,
    unclaimedOf: (address: string): number => unclaimed.get(address) ?? 0,
    count: () => byId.size,
  };
}

/** Connections under a key. A key is there while it has any. */
function createIndex<Key>() {
  const sets = new Map<Key, Set<Connection>>();
  return {
    add(key: Key, connection: Connection): void {
      const set = sets.get(key);
      if (set) set.add(connection);
      else sets.set(key, new Set([connection]));
    },
    remove(key: Key, connection: Connection): void {
      const set = sets.get(key);
      set?.delete(connection);
      if (set?.size === 0) sets.delete(key);
    },
    of: (key: Key): ReadonlySet<Connection> => sets.get(key) ?? new Set(),
    keys: (): Key[] => [...sets.keys()],
  };
}
