/** Writing to a connection and ending it: the only place that closes sockets, so that registers and figures stay true. */
import type { WebSocket } from "ws";
import type { Channels } from "./channels";
import { CLOSINGS, type Closing } from "./closings";
import { type Connection, writeFrame } from "./connection";
import type { RealtimeMetrics } from "./observation";
import type { Sockets } from "./sockets";

export type Lifecycle = ReturnType<typeof createLifecycle>;

type LifecycleDeps = { sockets: Sockets; channels: Channels; metrics: RealtimeMetrics; maxBufferedBytes: number };

export function createLifecycle({ sockets, channels, metrics, maxBufferedBytes }: LifecycleDeps) {
  /** Returns false if it was gone already. */
  function forget(connection: Connection): boolean {
    if (!sockets.remove(connection)) return false;
    channels.leaveAll(connection);
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
    /** Writes a frame, or drops the connection if it reads too slowly. Returns whether the frame was written. */
    send(connection: Connection, frame: Buffer): boolean {
      const outcome = writeFrame(connection, frame, maxBufferedBytes);
      if (outcome === "slow") drop(connection, CLOSINGS.tooSlow);
      return outcome === "written";
    },
  };
}
