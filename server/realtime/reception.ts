/** From an accepted upgrade to an established connection whose messages are handled. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { refusalOf } from "./admission";
import { CLOSINGS } from "./closings";
import { type Connection, isOpen } from "./connection";
import type { Lifecycle } from "./lifecycle";
import type { RealtimeLog, RealtimeMetrics } from "./observation";
import { countIn } from "./rate-window";
import type { RealtimeLimits } from "./realtime-limits";
import { connectionEstablished, protocolError } from "./server-frames";
import type { Sockets } from "./sockets";

type ReceptionDeps = {
  key: string;
  limits: RealtimeLimits;
  sockets: Sockets;
  lifecycle: Lifecycle;
  handleMessage: (connection: Connection, text: string) => Buffer | undefined;
  addressOf: (req: IncomingMessage) => string;
  now: () => number;
  random: (sizeBytes: number) => Uint8Array;
  log: RealtimeLog;
  metrics: RealtimeMetrics;
};

export function createReception(deps: ReceptionDeps) {
  const { key, limits, sockets, lifecycle, handleMessage, addressOf, now, random, log, metrics } = deps;

  function onMessage(connection: Connection, bytes: RawData, isBinary: boolean): void {
    // NOTE: frames that were under way when the server closed the socket still arrive here.
    if (!isOpen(connection)) return;
    connection.heardAtMs = now();
    connection.pingedAtMs = undefined;
    if (!countIn(connection.messages, now(), limits.maxMessagesPerWindow, limits.messageWindowMs)) {
      lifecycle.drop(connection, CLOSINGS.tooManyMessages);
      return;
    }
    try {
      const answer = isBinary ? protocolError("binary messages are not supported") : handleMessage(connection, bytes.toString());
      if (answer && lifecycle.send(connection, answer)) metrics.messagesSent(1);
    } catch (err) {
      log.error("message could not be handled", { err });
    }
  }

  return function receive(ws: WebSocket, transport: Duplex, req: IncomingMessage): void {
    // NOTE: ws itself closes a socket that breaks the WebSocket protocol; without a listener the error would be thrown.
    ws.on("error", () => {});
    const address = addressOf(req);
    const full = sockets.count() >= limits.maxSockets || sockets.unclaimedOf(address) >= limits.maxUnclaimedPerAddress;
    const refusal = refusalOf(req.url ?? "", key) ?? (full ? CLOSINGS.overCapacity : undefined);
    if (refusal) {
      lifecycle.refuse(ws, refusal);
      return;
    }
    const nowMs = now();
    const connection: Connection = {
      socketId: socketIdFrom(random(16)),
      address,
      ws,
      transport,
      openedAtMs: nowMs,
      channels: new Map(),
      user: undefined,
      hasSubscribed: false,
      heardAtMs: nowMs,
      pingedAtMs: undefined,
      messages: { startMs: nowMs, count: 0 },
      clientEvents: { startMs: nowMs, count: 0 },
    };
    lifecycle.open(connection);
    ws.on("message", (bytes, isBinary) => onMessage(connection, bytes, isBinary));
    ws.on("close", () => lifecycle.forget(connection));
    lifecycle.send(connection, connectionEstablished(connection.socketId, limits.activityTimeoutMs));
  };
}

/** 16 random bytes -> `digits.digits`: nobody can have a socket signed for that is not theirs. */
function socketIdFrom(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return `${view.getBigUint64(0)}.${view.getBigUint64(8)}`;
}
