/** What the real-time server tells of itself: the parts of the server's logger and metrics that it needs. */
export type RealtimeMetrics = {
  sockets(delta: 1 | -1): void;
  socketsDropped(reason: "slow" | "session" | "protocol" | "limit" | "timeout" | "stopping"): void;
  /** `sockets` is how many the event was written to. */
  eventsPublished(name: "entry" | "watermark" | "look", sockets: number): void;
};

type Log = (message: string, fields?: { reason?: string; count?: number; sizeBytes?: number; err?: unknown }) => void;
export type RealtimeLog = { info: Log; warn: Log; error: Log };

export const NO_METRICS: RealtimeMetrics = { sockets() {}, socketsDropped() {}, eventsPublished() {} };
