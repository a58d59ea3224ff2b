/** From an accepted upgrade to an established connection whose messages are handled. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { refusalOf } from "./admission";
import { CLOSINGS } from "./closings";
import { type Connection, countMessage, isOpen } from "./connection";
import type { Lifecycle } from "./lifecycle";
import type { RealtimeLog } from "./observation";
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
};

export function createReception(deps: ReceptionDeps) {
  const { key, limits, sockets, lifecycle, handleMessage, addressOf, now, random, log } = deps;

  function onMessage(connection: Connection, bytes: RawData, isBinary: boolean): void {
    // NOTE: frames that were under way when the server closed the socket still arrive here.
    if (!isOpen(connection)) return;
    if (!countMessage(connection, now(), limits)) {
      lifecycle.drop(connection, CLOSINGS.tooManyMessages);
      return;
    }
    try {
      const answer = isBinary ? protocolError("binary messages are not supported") : handleMessage(connection, bytes.toString());
      if (answer) lifecycle.send(connection, answer);
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
      channels: new Set(),
      owner: undefined,
      hasSubscribed: false,
      heardAtMs: nowMs,
      pingedAtMs: undefined,
      windowStartMs: nowMs,
      messagesInWindow: 0,
    };
    lifecycle.open(connection);
    ws.on("message", (bytes, isBinary) => onMessage(connection, bytes, isBinary));
    ws.on("close", () => lifecycle.forget(connection));
    lifecycle.send(connection, connectionEstablished(connection.socketId, limits.activityTimeoutMs));
  };
}

/** 16 random bytes -> `digits.digits`: whoever can guess a socket id could claim the socket. */
function socketIdFrom(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return `${view.getBigUint64(0)}.${view.getBigUint64(8)}`;
}
