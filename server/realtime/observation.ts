/** What the real-time server tells of itself: the parts of the server's logger and metrics that it needs. */
import type { RealtimeEvent } from "../contract/events";
import type { ClientMessage } from "./client-messages";

export type RealtimeMetrics = {
  sockets(delta: 1 | -1): void;
  subscriptions(delta: 1 | -1): void;
  socketsDropped(reason: "slow" | "session" | "protocol" | "limit" | "timeout" | "stopping"): void;
  messagesReceived(kind: ClientMessage["type"]): void;
  /** Frames written to sockets. */
  messagesSent(count: number): void;
  /** `sockets` is how many the event was written to; "client" came from a client, "api" over the HTTP API. */
  eventsPublished(name: RealtimeEvent["name"] | "client" | "api", sockets: number): void;
  /** How long one call took to write its events to all sockets. */
  publishTook(seconds: number): void;
  /** Sign-ins, subscriptions, client events and calls of the HTTP API that were not allowed. */
  authRefusals(what: "sign_in" | "subscription" | "client_event" | "api"): void;
  rateLimited(limit: string): void;
};

type Log = (message: string, fields?: { reason?: string; count?: number; sizeBytes?: number; err?: unknown }) => void;
export type RealtimeLog = { info: Log; warn: Log; error: Log };

export const NO_METRICS: RealtimeMetrics = {
  sockets() {},
  subscriptions() {},
  socketsDropped() {},
  messagesReceived() {},
  messagesSent() {},
  eventsPublished() {},
  publishTook() {},
  authRefusals() {},
  rateLimited() {},
};
