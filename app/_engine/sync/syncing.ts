/** The leader's work while an account is signed in: pull, decrypt, acknowledge, send, keep prekeys stocked.
 *  Real-time wakes it; without real-time it polls; after sleep it looks by itself. */
import type { AccountEvent } from "@/server/contract/events";
import { StaleSession } from "../storage/sessions";
import { CallError } from "../transport/api";
import { connectRealtime, type PusherClass, type RealtimeConnection } from "../transport/realtime";
import { acknowledgePending } from "./acknowledgements";
import { refreshChats } from "./chat-store";
import { type Connection, createConnection } from "./connection";
import { type EngineContext, readSelf, singleFlight } from "./engine-context";
import { applyWatermark, createInbox, type Inbox } from "./inbox";
import { type Leadership, LostLeadership } from "./leadership";
import { createOutbox } from "./outbox";
import { Postponed } from "./postponed";
import { keepPrekeysStocked } from "./prekeys";
import { attachSession, markSessionEnded } from "./registration";
import { retryDelayMs } from "./retry-delay";
import { recoverFromRollback } from "./rollback";
import { watchStore } from "./views";

export type SyncingDeps = {
  ctx: EngineContext;
  leadership: Leadership;
  Pusher: PusherClass;
  origin: string;
  /** The account is gone or somebody else leads: stop. */
  ended: () => void;
  reportFault: (where: string, error: unknown) => void;
};
export type Syncing = { stop(): void; wake(): void };

const POLL_MS = 5_000;
const ACKNOWLEDGE_MS = 250;
const PREKEY_CHECK_MS = 6 * 3_600_000;
/** A timer that comes this late means that the machine slept. */
const SLEPT_MS = 20_000;

export function startSyncing(deps: SyncingDeps): Syncing {
  const { ctx } = deps;
  const connection = createConnection(ctx.db);
  const inbox = createInbox(ctx, deps.leadership);
  const outbox = createOutbox(ctx, deps.leadership, () => inbox.pullAll());
  let stopped = false;
  const guard = (where: string, task: () => Promise<void>) =>
    createGuardedTask({ ...deps, connection, where, task, stopped: () => stopped });

  const acknowledge = guard("acknowledge", async () => {
    while (await acknowledgePending(ctx)) if (stopped) return;
  });
  let knowsChats = false;
  const pull = guard("pull", async () => {
    if (!knowsChats) await refreshChats(ctx);
    knowsChats = true;
    await inbox.pullAll();
  });
  let knowsCounters = false;
  const send = guard("send", async () => {
    if (!knowsCounters) await recoverFromRollback(ctx, deps.leadership);
    knowsCounters = true;
    await outbox.flush();
  });
  const prekeys = guard("prekeys", () => keepPrekeysStocked(ctx, deps.leadership));
  const realtime = createRealtimeLine(deps, connection, inbox, pull.run);

  const stops = [
    watchStore(
      () => ctx.db.outbox.count(),
      (count) => count > 0 && send.run(),
    ),
    watchStore(
      () => acknowledgementsPending(ctx),
      (pending) => pending && acknowledge.runIn(ACKNOWLEDGE_MS),
    ),
    every(POLL_MS, (lateMs) => {
      if (lateMs > SLEPT_MS) realtime.reconnect();
      if (lateMs > SLEPT_MS || !connection.isRealtimeUp()) pull.run();
    }),
    every(PREKEY_CHECK_MS, () => prekeys.run()),
  ];
  pull.run();
  prekeys.run();
  void realtime.open();
  return {
    wake() {
      realtime.reconnect();
      pull.run();
      send.run();
    },
    stop() {
      stopped = true;
      for (const stop of stops) stop();
      for (const task of [acknowledge, pull, send, prekeys]) task.cancel();
      realtime.close();
    },
  };
}

async function acknowledgementsPending(ctx: EngineContext): Promise<boolean> {
  const found = await ctx.db.chats
    .filter((chat) => chat.cursorSeq > chat.acknowledgedSeq || chat.readSeq > chat.readAcknowledgedSeq)
    .first();
  return found !== undefined;
}

type GuardedTask = { run(): void; runIn(ms: number): void; cancel(): void };

/** Repeats a task after a failure, with back-off, and tells the connection what happened. */
function createGuardedTask(
  deps: SyncingDeps & { connection: Connection; where: string; task: () => Promise<void>; stopped: () => boolean },
): GuardedTask {
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
      attempt = 0;
      await deps.connection.answered(null);
      await deps.connection.storageFailed(false);
    } catch (error) {
      if (deps.stopped()) return; // the store may be closed already
      attempt += 1;
      const again = await afterFailure(deps, error);
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
async function afterFailure(deps: SyncingDeps & { connection: Connection; where: string }, error: unknown): Promise<number | null> {
  if (error instanceof LostLeadership) {
    deps.ended();
    return null;
  }
  if (error instanceof StaleSession) return 0;
  if (error instanceof Postponed) {
    await deps.connection.answered(null);
    return error.retryAfterMs;
  }
  if (error instanceof CallError) {
    await deps.connection.answered(error.code === "offline" || error.code === "unavailable" ? error.code : null);
    if (error.code === "unauthorized") await markSessionEnded(deps.ctx);
    if (error.code === "device_required") return (await attachSession(deps.ctx)) ? 0 : null;
    return error.code === "unauthorized" ? null : (error.details.retryAfterMs ?? 0);
  }
  if (isStorageFailure(error)) await deps.connection.storageFailed(true);
  deps.reportFault(deps.where, error);
  return 0;
}

function isStorageFailure(error: unknown): boolean {
  const name = (error as { name?: string; inner?: { name?: string } })?.inner?.name ?? (error as { name?: string })?.name;
  return name === "QuotaExceededError" || name === "UnknownError" || name === "InvalidStateError";
}

function every(ms: number, tick: (lateMs: number) => void): () => void {
  let due = Date.now() + ms;
  const timer = setInterval(() => {
    const late = Date.now() - due;
    due = Date.now() + ms;
    tick(late);
  }, ms);
  return () => clearInterval(timer);
}

type RealtimeLine = { open(): Promise<void>; reconnect(): void; close(): void };

function createRealtimeLine(deps: SyncingDeps, connection: Connection, inbox: Inbox, pull: () => void): RealtimeLine {
  let line: RealtimeConnection | undefined;
  let closed = false;
  const hear = async (event: AccountEvent) => {
    if (event.name === "watermark") return applyWatermark(deps.ctx, event.data);
    if (event.name === "entry" && (await inbox.takeEvent(event.data))) return;
    pull();
  };
  return {
    async open() {
      try {
        const [server, self] = [await deps.ctx.api.call((c) => c.accounts.server.query()), await readSelf(deps.ctx.db)];
        if (closed) return;
        line = connectRealtime(
          { Pusher: deps.Pusher, api: deps.ctx.api, origin: deps.origin, server: server.realtime, userId: self.userId },
          {
            state: (state) => {
              if (state === "connecting") return;
              void connection.realtime(state === "online");
              if (state === "online") pull(); // whatever happened while it was down
            },
            event: (event) => void hear(event).catch(() => pull()),
          },
        );
      } catch {
        if (!closed) setTimeout(() => void this.open(), retryDelayMs(3, deps.ctx.fraction));
      }
    },
    reconnect: () => line?.reconnect(),
    close() {
      closed = true;
      line?.close();
    },
  };
}
