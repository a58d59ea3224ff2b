/** The one timer for all sockets: pings the silent ones, ends those that don't answer and those that nobody uses. */
import { CLOSINGS, type Closing } from "./closings";
import { type Connection, isOpen } from "./connection";
import type { RealtimeLimits } from "./realtime-limits";
import { PING } from "./server-frames";

type SweepDeps = {
  connections: () => Iterable<Connection>;
  limits: Pick<RealtimeLimits, "activityTimeoutMs" | "pongTimeoutMs" | "usedWithinMs">;
  send: (connection: Connection, frame: Buffer) => void;
  drop: (connection: Connection, closing: Closing) => void;
};

export function createSweep({ connections, limits, send, drop }: SweepDeps) {
  return function sweep(nowMs: number): void {
    for (const connection of connections()) {
      if (!isOpen(connection)) continue;
      const { user, hasSubscribed, openedAtMs, heardAtMs, pingedAtMs } = connection;
      const used = user !== undefined || hasSubscribed;
      // NOTE: pusher-js asks for its sign-in once per connection. If the answer was lost, a new connection makes it ask again.
      if (!used && nowMs - openedAtMs >= limits.usedWithinMs) drop(connection, CLOSINGS.unused);
      else if (pingedAtMs !== undefined) {
        if (nowMs - pingedAtMs >= limits.pongTimeoutMs) drop(connection, CLOSINGS.pongMissing);
      } else if (nowMs - heardAtMs >= limits.activityTimeoutMs) {
        connection.pingedAtMs = nowMs;
        send(connection, PING);
      }
    }
  };
}
