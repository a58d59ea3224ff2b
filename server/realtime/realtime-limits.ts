/** Bounds of the real-time server. Sizes and channel figures follow Pusher Channels' own limits, so that what works here
 *  also works against a hosted cluster. */
export type RealtimeLimits = {
  maxSockets: number;
  maxSocketsPerAccount: number;
  /** Sockets from one address that have not signed in. */
  maxUnclaimedPerAddress: number;
  /** A socket that has neither signed in nor subscribed to anything within this time is closed. */
  usedWithinMs: number;
  maxChannelsPerSocket: number;
  /** Of a socket that has not signed in: anybody may open one and listen to public channels, on which Parley says nothing. */
  maxChannelsUnclaimed: number;
  /** Users in one presence channel, and the size of what each is known by. */
  maxMembers: number;
  maxMemberIdLength: number;
  maxMemberInfoBytes: number;
  /** Of one message from a client. */
  maxMessageBytes: number;
  /** Of one event's data. */
  maxEventBytes: number;
  /** Of what a client says in a chat's channel: that its person types. */
  maxTypingBytes: number;
  /** From one socket. */
  maxClientEventsPerSecond: number;
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
  usedWithinMs: 30_000,
  maxChannelsPerSocket: 100,
  maxChannelsUnclaimed: 25,
  maxMembers: 100,
  maxMemberIdLength: 128,
  maxMemberInfoBytes: 1_024,
  // A client event of full size and the names around it.
  maxMessageBytes: 12_288,
  maxEventBytes: 10_240,
  maxTypingBytes: 256,
  maxClientEventsPerSecond: 10,
  maxBufferedBytes: 262_144,
  maxMessagesPerWindow: 500,
  messageWindowMs: 10_000,
  activityTimeoutMs: 120_000,
  pongTimeoutMs: 30_000,
  sweepIntervalMs: 5_000,
  closeTimeoutMs: 3_000,
  shutdownSpreadMs: 2_000,
};
