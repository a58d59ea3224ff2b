/** The headless client: the same in a browser's worker, in Node and in tests. Everything from outside comes in as an argument. */
import { assertNever } from "@/server/contract/errors";
import type { UserId } from "@/server/contract/ids";
import type { Commands, Engine, ViewName, Views } from "./door";
import { EngineDatabase, readMeta } from "./storage/database";
import { openWrapping } from "./storage/wrapping";
import { accountCommands } from "./sync/account-commands";
import { type AccountPhase, createAccountPhase } from "./sync/account-phase";
import { chatCommands } from "./sync/chat-commands";
import { type EngineContext, uuidV7 } from "./sync/engine-context";
import { type Locks, whenLeader } from "./sync/leadership";
import { presenceCommands } from "./sync/presence/presence-commands";
import { createPresenceTab, type PresenceTab } from "./sync/presence/presence-tab";
import { setRealTimer } from "./sync/presence/set-timer";
import { type Broadcast, createTabBus, type TabBus } from "./sync/presence/tab-bus";
import { type Syncing, startSyncing } from "./sync/syncing";
import { chatListView, connectionView, conversationView, watchStore } from "./sync/views";
import { createApi } from "./transport/api";
import type { PusherClass } from "./transport/realtime";

export type EngineDeps = {
  /** The server's public address, without a path. */
  origin: string;
  /** Name of the database; one account per name. */
  name: string;
  indexedDB?: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange };
  locks: Locks;
  /** Joins what all engines of this browser profile that are given the same name say to each other. */
  openBroadcast: (name: string) => Broadcast;
  subtle: SubtleCrypto;
  fetch: typeof fetch;
  Pusher: PusherClass;
  random: (bytes: number) => Uint8Array;
  now: () => number;
  /** Calls back when the machine may be online again. Returns a function that ends it. */
  onWake: (listener: () => void) => () => void;
  /** A fault of our own: for the console or a log, never with content. */
  reportFault: (where: string, error: unknown) => void;
};

export type HeadlessEngine = Engine & { close(): void };

/** Opens the store and starts to work: in the background, without waiting for the network. Throws when the store can't be opened. */
export async function createEngine(deps: EngineDeps): Promise<HeadlessEngine> {
  const db = new EngineDatabase(deps.name, deps.indexedDB);
  await db.open();
  const ctx: EngineContext = {
    db,
    wrapping: await openWrapping(db, deps.subtle, deps.random),
    api: createApi({ origin: deps.origin, fetch: deps.fetch }),
    random: deps.random,
    fraction: () => new DataView(deps.random(4).buffer).getUint32(0) / 2 ** 32,
    now: deps.now,
  };
  const phase = createAccountPhase(ctx);
  const bus = createTabBus(deps.openBroadcast(`${deps.name} presence 1`));
  const tab = createPresenceTab({ bus, tabId: uuidV7(deps.now(), deps.random), setTimer: setRealTimer });
  const closing = new AbortController();
  void phase.resolve().catch((error: unknown) => deps.reportFault("account", error));
  void whenLeader({ db, locks: deps.locks, name: `${deps.name} leader`, signal: closing.signal }, (leadership) =>
    leadWhileSignedIn({ ...deps, bus }, ctx, leadership, closing.signal),
  ).catch((error: unknown) => deps.reportFault("leader", error));
  const commands: Commands = { ...accountCommands(ctx, phase), ...chatCommands(ctx), ...presenceCommands(ctx, bus) };
  return {
    commands,
    watch: (name, args, listener) => watchView({ ctx, phase, tab }, name, args, listener),
    close() {
      closing.abort();
      phase.close();
      tab.close();
      bus.close();
      db.close();
    },
  };
}

/** Synchronises while the store holds a registered account whose sign-in holds, until that ends, another tab leads, or this one closes. */
function leadWhileSignedIn(
  deps: EngineDeps & { bus: TabBus },
  ctx: EngineContext,
  leadership: Parameters<Parameters<typeof whenLeader>[1]>[0],
  signal: AbortSignal,
): Promise<void> {
  return new Promise((ended) => {
    let syncing: Syncing | undefined;
    let ledFor: UserId | undefined;
    const end = () => {
      syncing?.stop();
      stopWatching();
      stopWaking();
      ended();
    };
    const stopWaking = deps.onWake(() => syncing?.wake());
    const stopWatching = watchStore(
      async () => {
        const account = await readMeta(ctx.db, "account");
        return account && !account.pendingRegistration && !account.sessionEnded ? account.userId : undefined;
      },
      (userId) => {
        if (userId === ledFor) return;
        // What comes next is led anew: whatever is on its way for the former account must not be stored.
        if (ledFor || !userId) return end();
        ledFor = userId;
        const { Pusher, origin, bus, reportFault } = deps;
        syncing = startSyncing({ ctx, leadership, Pusher, origin, bus, ended: end, reportFault });
      },
    );
    signal.addEventListener("abort", end, { once: true });
  });
}

function watchView<Name extends ViewName>(
  { ctx, phase, tab }: { ctx: EngineContext; phase: AccountPhase; tab: PresenceTab },
  name: Name,
  args: Views[Name]["args"],
  listener: (view: Views[Name]["view"]) => void,
): () => void {
  const tell = listener as (view: unknown) => void;
  const view: ViewName = name;
  switch (view) {
    case "account":
      return phase.watch(tell);
    case "connection":
      return watchStore(() => connectionView(ctx.db), tell);
    case "chatList":
      return watchStore(() => chatListView(ctx.db), tell);
    case "conversation": {
      const { chatId, limit } = args as Views["conversation"]["args"];
      return watchStore(() => conversationView(ctx.db, chatId, limit), tell);
    }
    case "presence":
      return tab.watch((args as Views["presence"]["args"]).chatId, tell);
    case "privacy":
      return watchStore(async () => (await readMeta(ctx.db, "privacy")) ?? null, tell);
    default:
      return assertNever(view);
  }
}
