/** Writing to a connection and ending it: the only place that closes sockets, so that registers and figures stay true. */
import type { WebSocket } from "ws";
import { CLOSINGS, type Closing } from "./closings";
import { createCoalescing } from "./coalescing";
import { type Connection, isOpen } from "./connection";
import type { RealtimeMetrics } from "./observation";
import type { Sockets } from "./sockets";

export type Lifecycle = ReturnType<typeof createLifecycle>;

type LifecycleDeps = {
  sockets: Sockets;
  /** Ends all subscriptions of a connection that is gone. */
  leaveAll: (connection: Connection) => void;
  metrics: RealtimeMetrics;
  maxBufferedBytes: number;
};

export function createLifecycle({ sockets, leaveAll, metrics, maxBufferedBytes }: LifecycleDeps) {
  const write = createCoalescing();

  /** Returns false if it was gone already. */
  function forget(connection: Connection): boolean {
    if (!sockets.remove(connection)) return false;
    leaveAll(connection);
    metrics.sockets(-1);
    return true;
  }

  function refuse(ws: WebSocket, closing: Closing): void {
    metrics.socketsDropped(closing.counted);
    ws.close(closing.code, closing.reason);
  }

  /** Nothing reaches the connection from here on; the server cuts it if the client doesn't answer the close. */
  function drop(connection: Connection, closing: Closing): void {
    if (forget(connection)) refuse(connection.ws, closing);
  }

  return {
    open(connection: Connection): void {
      sockets.add(connection);
      metrics.sockets(1);
    },
    forget,
    refuse,
    drop,
    /** Writes a whole frame, or drops the connection if it has left too much unread. Returns whether the frame was written. */
    send(connection: Connection, frame: Buffer): boolean {
      if (!isOpen(connection)) return false;
      const { transport } = connection;
      if (transport.writableLength > maxBufferedBytes) {
        drop(connection, CLOSINGS.tooSlow);
        return false;
      }
      write(transport, frame);
      return true;
    },
  };
}
