/** The WebSocket layer: ws, set up so that an idle connection costs little and a hostile one is bounded. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { RealtimeLimits } from "./realtime-limits";

export function createSocketServer({ maxMessageBytes, closeTimeoutMs }: Pick<RealtimeLimits, "maxMessageBytes" | "closeTimeoutMs">) {
  // NOTE: closeTimeout and maxBufferedChunks are options of ws that its type declarations do not know yet.
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments: 64,
    maxBufferedChunks: 1_024,
    closeTimeout: closeTimeoutMs,
  };
  return new WebSocketServer(options);
}

/** Hands the upgraded socket to `accepted`. Over capacity the client is told so by a close code, which takes a socket too:
 *  where even those run out, it gets a 503. */
export function acceptUpgrade(
  wss: WebSocketServer,
  maxSockets: number,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  accepted: (ws: WebSocket) => void,
): void {
  if (wss.clients.size < Math.ceil(maxSockets * 1.1)) {
    wss.handleUpgrade(req, socket, head, accepted);
    return;
  }
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 503 ${STATUS_CODES[503]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
