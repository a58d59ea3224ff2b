/** Work that is repeated until it succeeds: one run at a time, with back-off after a failure, and the connection told what happened. */
import { StaleSession } from "../storage/sessions";
import { CallError } from "../transport/api";
import type { Connection } from "./connection";
import { type EngineContext, singleFlight } from "./engine-context";
import { LostLeadership } from "./leadership";
import { Postponed } from "./postponed";
import { attachSession, markSessionEnded } from "./registration";
import { retryDelayMs } from "./retry-delay";

export type GuardedTask = {
  /** Runs now, and forgets a later time that was set. */
  run(): void;
  /** Runs in so many milliseconds, unless a time is set already. */
  runIn(ms: number): void;
  cancel(): void;
};
export type GuardedTaskDeps = {
  ctx: EngineContext;
  connection: Connection;
  /** Names the task in reports of faults. */
  where: string;
  task: () => Promise<void>;
  /** This task went well again after it had failed. */
  recovered: () => void;
  stopped: () => boolean;
  /** Somebody else leads now. */
  ended: () => void;
  reportFault: (where: string, error: unknown) => void;
};

export function createGuardedTask(deps: GuardedTaskDeps): GuardedTask {
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const runIn = (ms: number) => {
    if (timer !== undefined || deps.stopped()) return;
    timer = setTimeout(() => {
      timer = undefined;
      void flight();
    }, ms);
  };
  const flight = singleFlight(async () => {
    if (deps.stopped()) return;
    try {
      await deps.task();
      if (deps.stopped()) return;
      const failedBefore = attempt > 0;
      attempt = 0;
      await deps.connection.answered(deps.where, null);
      if (failedBefore) deps.recovered();
      await deps.connection.storageFailed(false);
    } catch (error) {
      if (deps.stopped()) return; // the store may be closed already
      if (!(error instanceof StaleSession)) attempt += 1; // only somebody else's turn at the ratchets
      const again = await afterFailure(deps, error).catch(() => 0);
      if (again !== null) runIn(Math.max(again, retryDelayMs(attempt, deps.ctx.fraction)));
    }
  });
  return {
    run() {
      clearTimeout(timer);
      timer = undefined;
      void flight();
    },
    runIn,
    cancel: () => clearTimeout(timer),
  };
}

/** Least time to wait before the next try in milliseconds, null to leave it. */
async function afterFailure(deps: GuardedTaskDeps, error: unknown): Promise<number | null> {
  if (error instanceof LostLeadership) {
    deps.ended();
    return null;
  }
  if (error instanceof StaleSession) return 0;
  if (error instanceof Postponed) {
    await deps.connection.answered(deps.where, null);
    return error.retryAfterMs;
  }
  if (error instanceof CallError) {
    await deps.connection.answered(deps.where, error.code === "offline" || error.code === "unavailable" ? error.code : null);
    if (error.code === "unauthorized") await markSessionEnded(deps.ctx);
    if (error.code === "device_required") return (await attachSession(deps.ctx)) ? 0 : null;
    return error.code === "unauthorized" ? null : (error.details.retryAfterMs ?? 0);
  }
  if (isStorageFailure(error)) await deps.connection.storageFailed(true);
  deps.reportFault(deps.where, error);
  return 0;
}

/** Whether the browser could not read or write: it may be able to the next time. */
export function isStorageFailure(error: unknown): boolean {
  const name = (error as { name?: string; inner?: { name?: string } })?.inner?.name ?? (error as { name?: string })?.name;
  return name === "QuotaExceededError" || name === "UnknownError" || name === "InvalidStateError";
}
