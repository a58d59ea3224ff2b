/** The leader's work while an account is signed in: pull, decrypt, acknowledge, send, keep prekeys stocked.
 *  Real-time wakes it; without real-time it polls; after sleep it looks by itself. */
import type { PusherClass } from "../transport/realtime";
import { acknowledgePending } from "./acknowledgements";
import { refreshChats } from "./chat-store";
import { createConnection } from "./connection";
import type { EngineContext } from "./engine-context";
import { createGuardedTask } from "./guarded-task";
import { createInbox } from "./inbox";
import type { Leadership } from "./leadership";
import { createOutbox } from "./outbox";
import { keepPrekeysStocked } from "./prekeys";
import { refreshPrivacy } from "./presence/presence-commands";
import { createPresenceLeader } from "./presence/presence-leader";
import { setRealTimer } from "./presence/set-timer";
import type { TabBus } from "./presence/tab-bus";
import { createRealtimeLine } from "./realtime-line";
import { recoverFromRollback } from "./rollback";
import { watchStore } from "./views";

export type SyncingDeps = {
  ctx: EngineContext;
  leadership: Leadership;
  Pusher: PusherClass;
  origin: string;
  bus: TabBus;
  /** The account is gone or somebody else leads: stop. */
  ended: () => void;
  reportFault: (where: string, error: unknown) => void;
};
export type Syncing = { stop(): void; wake(): void };

const POLL_MS = 5_000;
/** Real-time may lose an event and keep its socket. */
const LOOK_MS = 5 * 60_000;
const ACKNOWLEDGE_MS = 250;
const PREKEY_CHECK_MS = 6 * 3_600_000;
/** A timer that comes this late means that the machine slept. */
const SLEPT_MS = 20_000;

export function startSyncing(deps: SyncingDeps): Syncing {
  const { ctx } = deps;
  const connection = createConnection(ctx.db);
  const inbox = createInbox(ctx, deps.leadership);
  const outbox = createOutbox(ctx, deps.leadership, inbox);
  let stopped = false;
  // The line is back: what waits need not wait for its own next try.
  const recovered = () => {
    if (!connection.isRealtimeUp()) realtime.reconnect();
    for (const task of [pull, send, acknowledge]) task.run();
  };
  const guard = (where: string, task: () => Promise<void>) =>
    createGuardedTask({ ...deps, connection, where, task, recovered, stopped: () => stopped });

  const acknowledge = guard("acknowledge", async () => {
    while (await acknowledgePending(ctx)) if (stopped) return;
  });
  let knowsChats = false;
  const pull = guard("pull", async () => {
    if (!knowsChats) await refreshChats(ctx);
    knowsChats = true;
    await inbox.pullAll();
  });
  const recover = once(() => recoverFromRollback(ctx, deps.leadership));
  const send = guard("send", () => recover().then(() => outbox.flush()));
  // A store that was put back would give ids of keys a second time.
  const prekeys = guard("prekeys", () => recover().then(() => keepPrekeysStocked(ctx, deps.leadership)));
  const privacy = guard("privacy", () => refreshPrivacy(ctx));
  const online = () => {
    for (const task of [pull, send, privacy]) task.run();
  };
  const presence = createPresenceLeader({ ctx, bus: deps.bus, setTimer: setRealTimer });
  const realtime = createRealtimeLine({ ...deps, connection, inbox, presence, pull: pull.run, online });

  const stops = [
    watchStore(
      () => ctx.db.outbox.count(),
      (count) => count > 0 && send.run(),
    ),
    watchChanges(
      () => waitingAudiences(ctx),
      (audiences) => audiences !== "" && send.run(),
    ),
    watchStore(
      () => acknowledgementsPending(ctx),
      (pending) => pending && acknowledge.runIn(ACKNOWLEDGE_MS),
    ),
    every(POLL_MS, (lateMs) => {
      if (lateMs > SLEPT_MS) realtime.reconnect();
      if (lateMs > SLEPT_MS || !connection.isRealtimeUp()) pull.run();
    }),
    every(LOOK_MS, () => pull.run()),
    every(PREKEY_CHECK_MS, () => prekeys.run()),
  ];
  for (const task of [pull, prekeys]) task.run();
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
      for (const task of [acknowledge, pull, send, prekeys, privacy]) task.cancel();
      presence.close();
      realtime.close();
    },
  };
}

/** Does the work until it succeeded once, whoever asks for it. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}

/** The audiences that something waits for: whoever had no device to send to may have one now, or other keys. */
async function waitingAudiences(ctx: EngineContext): Promise<string> {
  const waiting = new Set((await ctx.db.outbox.toArray()).map((row) => row.chatId));
  const chats = await ctx.db.chats.bulkGet([...waiting]);
  return chats.flatMap((chat) => (chat ? [`${chat.chatId} ${chat.audienceSeq}`] : [])).join(", ");
}

/** The listener hears a value only when it is another one than before. */
function watchChanges(read: () => Promise<string>, listener: (value: string) => void): () => void {
  let last: string | undefined;
  return watchStore(read, (value) => {
    if (value === last) return;
    last = value;
    listener(value);
  });
}

async function acknowledgementsPending(ctx: EngineContext): Promise<boolean> {
  const found = await ctx.db.chats
    .filter((chat) => chat.cursorSeq > Math.max(0, chat.acknowledgedSeq) || chat.readSeq > Math.max(0, chat.readAcknowledgedSeq))
    .first();
  return found !== undefined;
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
