/** Every open connection, found by user (for our own sockets that is the session), account or address. */
import type { UserId } from "../contract/ids";
import type { Connection, SocketUser } from "./connection";

export type Sockets = ReturnType<typeof createSockets>;

/** Who has a socket here and who has none any more, account by account. */
export type Attendance = { present(userId: UserId): void; absent(userId: UserId): void };

export function createSockets(attendance?: Attendance) {
  const byId = new Map<string, Connection>();
  const byUser = createIndex<string>();
  const byAccount = createIndex<UserId>();
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
      const { user } = connection;
      if (user === undefined) countUnclaimed(connection.address, -1);
      else byUser.remove(user.id, connection);
      if (user?.owner && byAccount.remove(user.owner.userId, connection)) attendance?.absent(user.owner.userId);
      return true;
    },

    /** Binds the connection to a user, for good. */
    claim(connection: Connection, user: SocketUser): void {
      countUnclaimed(connection.address, -1);
      connection.user = user;
      byUser.add(user.id, connection);
      if (user.owner && byAccount.add(user.owner.userId, connection)) attendance?.present(user.owner.userId);
    },

    find: (socketId: string): Connection | undefined => byId.get(socketId),
    all: (): Iterable<Connection> => byId.values(),
    ofUser: byUser.of,
    ofAccount: byAccount.of,
    /** The sessions that have a socket here. */
    sessions: () => byUser.keys().filter((id) => [...byUser.of(id)].some(({ user }) => user?.owner !== undefined)),
    unclaimedOf: (address: string): number => unclaimed.get(address) ?? 0,
    count: () => byId.size,
  };
}

/** Connections under a key. A key is there while it has any. */
function createIndex<Key>() {
  const sets = new Map<Key, Set<Connection>>();
  return {
    /** Returns whether it is the key's first. */
    add(key: Key, connection: Connection): boolean {
      const set = sets.get(key);
      if (set) set.add(connection);
      else sets.set(key, new Set([connection]));
      return set === undefined;
    },
    /** Returns whether the key has none any more. */
    remove(key: Key, connection: Connection): boolean {
      const set = sets.get(key);
      set?.delete(connection);
      return set?.size === 0 && sets.delete(key);
    },
    of: (key: Key): ReadonlySet<Connection> => sets.get(key) ?? new Set(),
    keys: (): Key[] => [...sets.keys()],
  };
}
