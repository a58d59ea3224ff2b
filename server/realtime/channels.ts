/** Who listens to which channel. A channel exists while somebody listens. */
import type { Connection } from "./connection";

const NOBODY: ReadonlySet<Connection> = new Set();

export type Channels = ReturnType<typeof createChannels>;

export function createChannels() {
  const listeners = new Map<string, Set<Connection>>();
  let subscriptions = 0;

  function leave(connection: Connection, channel: string): boolean {
    const set = listeners.get(channel);
    if (!set?.delete(connection)) return false;
    subscriptions--;
    connection.channels.delete(channel);
    if (set.size === 0) listeners.delete(channel);
    return true;
  }

  return {
    join(connection: Connection, channel: string): void {
      let set = listeners.get(channel);
      if (!set) {
        set = new Set();
        listeners.set(channel, set);
      }
      if (set.has(connection)) return;
      set.add(connection);
      connection.channels.add(channel);
      subscriptions++;
    },
    /** Returns whether the connection was listening. */
    leave,
    leaveAll(connection: Connection): void {
      for (const channel of connection.channels) leave(connection, channel);
    },
    listeners: (channel: string): ReadonlySet<Connection> => listeners.get(channel) ?? NOBODY,
    names: (): string[] => [...listeners.keys()],
    subscriptions: () => subscriptions,
  };
}
