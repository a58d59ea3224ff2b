/** The one timer for all sockets: pings the silent ones, ends those that don't answer or never subscribe. */
import { CLOSINGS, type Closing } from "./closings";
import { type Connection, isOpen } from "./connection";
import type { RealtimeLimits } from "./realtime-limits";
import { PING } from "./server-frames";

type SweepDeps = {
  connections: () => Iterable<Connection>;
  limits: Pick<RealtimeLimits, "activityTimeoutMs" | "pongTimeoutMs" | "subscribeWithinMs">;
  send: (connection: Connection, frame: Buffer) => void;
  drop: (connection: Connection, closing: Closing) => void;
};

export function createSweep({ connections, limits, send, drop }: SweepDeps) {
  return function sweep(nowMs: number): void {
    for (const connection of connections()) {
      if (!isOpen(connection)) continue;
      const { hasSubscribed, openedAtMs, heardAtMs, pingedAtMs } = connection;
      // NOTE: pusher-js asks for authorisation once per connection. If the answer was lost, a new connection makes it ask again.
      if (!hasSubscribed && nowMs - openedAtMs >= limits.subscribeWithinMs) drop(connection, CLOSINGS.unsubscribed);
      else if (pingedAtMs !== undefined) {
        if (nowMs - pingedAtMs >= limits.pongTimeoutMs) drop(connection, CLOSINGS.pongMissing);
      } else if (nowMs - heardAtMs >= limits.activityTimeoutMs) {
        connection.pingedAtMs = nowMs;
        send(connection, PING);
      }
    }
  };
}
