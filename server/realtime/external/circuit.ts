/** A circuit breaker: after some failures in a row nothing is sent but one call now and then, to find out whether the service is back. */
import type { RealtimeLog } from "../observation";

const FAILURES_UNTIL_OPEN = 3;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;

export type Outcome = "done" | "failed" | "refused";

export type Circuit = {
  isOpen(): boolean;
  /** Makes a call. `refused`: the service answers, and will not do this call however often it is asked. Never rejects. */
  attempt(call: () => Promise<void>): Promise<Outcome>;
  /** How long to wait before the next call after a failed one. */
  retryDelayMs(): number;
};

export type CircuitDeps = {
  log: Pick<RealtimeLog, "info" | "warn">;
  /** One per call. */
  observe: (outcome: "done" | "failed", seconds: number) => void;
  now: () => number;
};

export function createCircuit({ log, observe, now }: CircuitDeps): Circuit {
  let failures = 0;
  const isOpen = () => failures >= FAILURES_UNTIL_OPEN;
  return {
    isOpen,
    async attempt(call) {
      const startedMs = now();
      try {
        await call();
      } catch (err) {
        observe("failed", (now() - startedMs) / 1_000);
        if (isRefusal(err)) {
          log.warn("the real-time service refuses a call", { err });
          return "refused";
        }
        failures++;
        if (failures === FAILURES_UNTIL_OPEN) log.warn("the real-time service does not answer; clients are told when it does", { err });
        return "failed";
      }
      if (isOpen()) log.info("the real-time service answers again");
      failures = 0;
      observe("done", (now() - startedMs) / 1_000);
      return "done";
    },
    retryDelayMs: () => Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1), LONGEST_RETRY_MS),
  };
}

/** Statuses below 500 that pass: a key, secret or clock that somebody puts right, slowness, and too many calls. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 429]);

function isRefusal(error: unknown): boolean {
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 0;
  return status >= 400 && status < 500 && !PASSING.has(status);
}
