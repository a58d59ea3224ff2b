/** One client's socket: what is known of it and how to write to it. A plain record, because there are thousands. */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { DeviceId, UserId } from "../contract/ids";
import type { RateWindow } from "./rate-window";

/** The session that a socket belongs to once it signed in. */
export type SocketOwner = { userId: UserId; sessionId: string; deviceId: DeviceId };

/** Who a socket signed in as. */
export type SocketUser = {
  /** The protocol's user id; for our own sessions it is the session's. */
  id: string;
  info: unknown;
  /** Undefined for users of other applications. */
  owner: SocketOwner | undefined;
};

export type Connection = {
  readonly socketId: string;
  readonly address: string;
  readonly ws: WebSocket;
  readonly transport: Duplex;
  readonly openedAtMs: number;
  /** What it listens to, and as which member where that is a presence channel. */
  readonly channels: Map<string, string | undefined>;
  /** Undefined until it signs in, and then the same for good. */
  user: SocketUser | undefined;
  /** Whether it ever listened to anything. */
  hasSubscribed: boolean;
  heardAtMs: number;
  /** When the unanswered ping was sent. */
  pingedAtMs: number | undefined;
  readonly messages: RateWindow;
  readonly clientEvents: RateWindow;
};

export function isOpen({ ws }: Connection): boolean {
  return ws.readyState === ws.OPEN;
}
