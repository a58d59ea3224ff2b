/** Who listens to which channel. A channel exists while somebody listens. */
import type { Connection } from "./connection";
import type { RealtimeMetrics } from "./observation";

const NOBODY: ReadonlySet<Connection> = new Set();

export type Channels = ReturnType<typeof createChannels>;

export function createChannels(metrics: Pick<RealtimeMetrics, "subscriptions">) {
  const listeners = new Map<string, Set<Connection>>();
  let subscriptions = 0;

  function count(delta: 1 | -1): void {
    subscriptions += delta;
    metrics.subscriptions(delta);
  }

  return {
    /** `memberId` where it is a presence channel. The connection must not be listening yet. */
    join(connection: Connection, channel: string, memberId: string | undefined): void {
      const set = listeners.get(channel);
      if (set) set.add(connection);
      else listeners.set(channel, new Set([connection]));
      connection.channels.set(channel, memberId);
      count(1);
    },
    /** Returns whether the connection was listening. */
    leave(connection: Connection, channel: string): boolean {
      const set = listeners.get(channel);
      if (!set?.delete(connection)) return false;
      connection.channels.delete(channel);
      if (set.size === 0) listeners.delete(channel);
      count(-1);
      return true;
    },
    listeners: (channel: string): ReadonlySet<Connection> => listeners.get(channel) ?? NOBODY,
    names: (): string[] => [...listeners.keys()],
    subscriptions: () => subscriptions,
  };
}
