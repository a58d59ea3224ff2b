/** One client's socket: what is known of it and how to write to it. A plain record, because there are thousands. */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { DeviceId, UserId } from "../contract/ids";

/** The session that a socket belongs to from its first authorisation on. */
export type SocketOwner = { userId: UserId; sessionId: string; deviceId: DeviceId | null };

export type Connection = {
  readonly socketId: string;
  readonly address: string;
  readonly ws: WebSocket;
  readonly transport: Duplex;
  readonly openedAtMs: number;
  readonly channels: Set<string>;
  owner: SocketOwner | undefined;
  /** Whether it ever listened to anything. */
  hasSubscribed: boolean;
  heardAtMs: number;
  /** When the unanswered ping was sent. */
  pingedAtMs: number | undefined;
  windowStartMs: number;
  messagesInWindow: number;
};

export function isOpen({ ws }: Connection): boolean {
  return ws.readyState === ws.OPEN;
}

/** Writes a whole frame. Returns "slow", without writing, if the client has left more than `maxBufferedBytes` unread. */
export function writeFrame(connection: Connection, frame: Buffer, maxBufferedBytes: number): "written" | "slow" | "closed" {
  if (!isOpen(connection)) return "closed";
  if (connection.transport.writableLength > maxBufferedBytes) return "slow";
  connection.transport.write(frame);
  return "written";
}

/** Counts a message from the client. Returns false once the window's allowance is used up. */
export function countMessage(connection: Connection, nowMs: number, limits: { maxMessagesPerWindow: number; messageWindowMs: number }) {
  connection.heardAtMs = nowMs;
  connection.pingedAtMs = undefined;
  if (nowMs - connection.windowStartMs >= limits.messageWindowMs) {
    connection.windowStartMs = nowMs;
    connection.messagesInWindow = 0;
  }
  connection.messagesInWindow++;
  return connection.messagesInWindow <= limits.maxMessagesPerWindow;
}
