/** What the server counts: one function per business event. Labels have few values: no ids, no names, no content. */
import type pg from "pg";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RealtimeEvent } from "../contract/events";

export type Metrics = {
  signUps(): void;
  signIns(result: "ok" | "refused" | "limited" | "failed"): void;
  /** One per entry of a send. */
  sends(outcome: "accepted" | "stale_audience" | "refused"): void;
  entriesPulled(count: number): void;
  acknowledgements(count: number): void;
  prekeysClaimed(kind: "one_time" | "last_resort", count?: number): void;
  manifestsPublished(): void;
  /** `delta` is 1 when a socket opened and -1 when it closed. */
  sockets(delta: 1 | -1): void;
  /** `delta` is 1 when a socket began to listen to a channel and -1 when it stopped. */
  subscriptions(delta: 1 | -1): void;
  messagesReceived(kind: "ping" | "pong" | "sign_in" | "subscribe" | "unsubscribe" | "client_event" | "refused"): void;
  messagesSent(count: number): void;
  /** `sockets` is how many heard it; "client" came from a client, "api" over the HTTP API. */
  eventsPublished(name: RealtimeEvent["name"] | "client" | "api", sockets: number): void;
  /** How long one call took to write its events to all sockets. */
  publishTook(seconds: number): void;
  /** One call to an external real-time service. */
  serviceCalls(outcome: "done" | "failed", seconds: number): void;
  /** Real-time sign-ins, subscriptions, client events and calls of the HTTP API that were not allowed. */
  authRefusals(what: "sign_in" | "subscription" | "client_event" | "api"): void;
  /** Closed by us: too slow, session ended, server stopping … */
  socketsDropped(reason: "slow" | "session" | "protocol" | "limit" | "timeout" | "stopping"): void;
  rateLimited(limit: string): void;
  /** `route` is a pattern of our own, never a path. */
  requests(route: string, status: number, seconds: number): void;
  /** In the text format of Prometheus. */
  render(): Promise<{ contentType: string; text: string }>;
};

const PREFIX = "parley_";
/** Writing to sockets takes microseconds for one and milliseconds for a thousand. */
const PUBLISH_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1];
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts in a registry of its own. `processMetrics` adds Node's figures (event loop, heap, garbage collection). */
export function createMetrics({ pool, processMetrics }: { pool: pg.Pool; processMetrics: boolean }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter<Label>({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], registers });

  const signUps = counter("sign_ups_total", "Accounts made");
  const signIns = counter("sign_ins_total", "Attempts to sign in", ["result"]);
  const sends = counter("sends_total", "Entries handed in for sending", ["outcome"]);
  const pulled = counter("entries_pulled_total", "Entries handed out");
  const acknowledged = counter("acknowledgements_total", "Watermarks reported by devices");
  const prekeys = counter("prekeys_claimed_total", "Prekeys handed out", ["kind"]);
  const manifests = counter("manifests_published_total", "Device manifests accepted");
  const events = counter("events_published_total", "Real-time events published", ["event"]);
  const deliveries = counter("event_deliveries_total", "Frames of real-time events written to sockets", ["event"]);
  const dropped = counter("sockets_dropped_total", "Sockets closed by the server", ["reason"]);
  const received = counter("socket_messages_received_total", "Messages of clients over real-time sockets", ["kind"]);
  const sent = counter("socket_messages_sent_total", "Messages to clients over real-time sockets");
  const refusals = counter("realtime_refusals_total", "What real-time clients and callers were not allowed", ["what"]);
  const limited = counter("rate_limited_total", "Refusals by a rate limit", ["limit"]);
  const gauge = (name: string, help: string) => new Gauge({ name: `${PREFIX}${name}`, help, registers });
  const sockets = gauge("sockets", "Open real-time sockets");
  const subscriptions = gauge("subscriptions", "Channels that real-time sockets listen to");
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = [], buckets = SECONDS) =>
    new Histogram<Label>({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], buckets, registers });
  const publishing = histogram("publish_seconds", "Time to write the events of one call to all sockets", [], PUBLISH_SECONDS);
  const serviceCalls = histogram("realtime_service_seconds", "Duration of calls to the external real-time service", ["outcome"]);
  const requests = histogram("request_seconds", "Duration of HTTP requests", ["route", "status"]);
  registerPoolGauge(pool, registers);

  return {
    signUps: () => signUps.inc(),
    signIns: (result) => signIns.inc({ result }),
    sends: (outcome) => sends.inc({ outcome }),
    entriesPulled: (count) => pulled.inc(count),
    acknowledgements: (count) => acknowledged.inc(count),
    prekeysClaimed: (kind, count = 1) => prekeys.inc({ kind }, count),
    manifestsPublished: () => manifests.inc(),
    sockets: (delta) => sockets.inc(delta),
    subscriptions: (delta) => subscriptions.inc(delta),
    messagesReceived: (kind) => received.inc({ kind }),
    messagesSent: (count) => sent.inc(count),
    serviceCalls: (outcome, seconds) => serviceCalls.observe({ outcome }, seconds),
    publishTook: (seconds) => publishing.observe(seconds),
    authRefusals: (what) => refusals.inc({ what }),
    eventsPublished(name, written) {
      events.inc({ event: name });
      deliveries.inc({ event: name }, written);
    },
    socketsDropped: (reason) => dropped.inc({ reason }),
    rateLimited: (limit) => limited.inc({ limit }),
    requests: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function registerPoolGauge(pool: pg.Pool, registers: Registry[]): void {
  new Gauge({
    name: `${PREFIX}database_connections`,
    help: "Connections of the pool: open, idle, and requests waiting for one",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "open" }, pool.totalCount);
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "waiting" }, pool.waitingCount);
    },
  });
}
