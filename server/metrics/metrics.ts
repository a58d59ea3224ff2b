/** What the server counts: one function per business event. Labels have few values: no ids, no names, no content. */
import type pg from "pg";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

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
  eventsPublished(name: "entry" | "watermark" | "look", sockets: number): void;
  /** Closed by us: too slow, session ended, server stopping … */
  socketsDropped(reason: "slow" | "session" | "protocol" | "limit" | "timeout" | "stopping"): void;
  rateLimited(limit: string): void;
  /** `route` is a pattern of our own, never a path. */
  requests(route: string, status: number, seconds: number): void;
  /** In the text format of Prometheus. */
  render(): Promise<{ contentType: string; text: string }>;
};

const PREFIX = "parley_";
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
  const limited = counter("rate_limited_total", "Refusals by a rate limit", ["limit"]);
  const sockets = new Gauge({ name: `${PREFIX}sockets`, help: "Open real-time sockets", registers });
  const requests = new Histogram({
    name: `${PREFIX}request_seconds`,
    help: "Duration of HTTP requests",
    labelNames: ["route", "status"],
    buckets: SECONDS,
    registers,
  });
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
