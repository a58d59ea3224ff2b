/** Bounds of the real-time server. Sizes and channel figures follow Pusher Channels' own limits, so that what works here
 *  also works against a hosted cluster. */
export type RealtimeLimits = {
  maxSockets: number;
  maxSocketsPerAccount: number;
  /** Sockets from one address that no session has claimed yet. */
  maxUnclaimedPerAddress: number;
  /** A socket that has not subscribed to anything within this time is closed. */
  subscribeWithinMs: number;
  maxChannelsPerSocket: number;
  /** Of one message from a client. */
  maxMessageBytes: number;
  /** Of one event's JSON. */
  maxEventBytes: number;
  /** Waiting to be written to one socket; a socket above it is dropped and catches up by pulling. */
  maxBufferedBytes: number;
  maxMessagesPerWindow: number;
  messageWindowMs: number;
  /** Silence after which a client is pinged. */
  activityTimeoutMs: number;
  /** Silence after that ping which ends the socket. */
  pongTimeoutMs: number;
  sweepIntervalMs: number;
  /** How long a closing handshake may take before the connection is cut. */
  closeTimeoutMs: number;
  /** Over how long a shutdown spreads its closes. */
  shutdownSpreadMs: number;
};

export const REALTIME_LIMITS: RealtimeLimits = {
  maxSockets: 20_000,
  maxSocketsPerAccount: 50,
  // NOTE: behind a proxy that hides addresses all clients share one, and all are unclaimed for a moment after a restart.
  maxUnclaimedPerAddress: 500,
  subscribeWithinMs: 30_000,
  maxChannelsPerSocket: 100,
  maxMessageBytes: 10_240,
  maxEventBytes: 10_240,
  maxBufferedBytes: 262_144,
  maxMessagesPerWindow: 500,
  messageWindowMs: 10_000,
  activityTimeoutMs: 120_000,
  pongTimeoutMs: 30_000,
  sweepIntervalMs: 5_000,
  closeTimeoutMs: 3_000,
  shutdownSpreadMs: 2_000,
};
