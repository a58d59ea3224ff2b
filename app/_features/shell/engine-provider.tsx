"use client";
/** Joins React to the engine. There is one engine per page: made when this module is first loaded in a browser,
 *  so that its worker starts while React is still waking up. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import { type AccountView, type ConnectionView, connectEngine, type Engine, type ViewName, type Views } from "@/engine";
import { createViewStore, type ViewStore, viewKey } from "./view-store";

/** While pages are made on the server nothing is known and nothing can be asked. */
const absentEngine: Engine = {
  commands: new Proxy({} as Engine["commands"], {
    get: (_, name) => () => Promise.reject(new Error(`engine command ${String(name)} outside a browser`)),
  }),
  watch: () => () => {},
};
const pageEngine = typeof window === "undefined" ? absentEngine : connectEngine();

type EngineContextValue = { engine: Engine; views: ViewStore };
const EngineContext = createContext<EngineContextValue | null>(null);

/** Gives its children the engine. `engine`: another one than the page's, for tests. */
export function EngineProvider({ engine = pageEngine, children }: { engine?: Engine; children: ReactNode }) {
  const value = useMemo(() => ({ engine, views: createViewStore(engine) }), [engine]);
  return <EngineContext value={value}>{children}</EngineContext>;
}

function useEngineContext(): EngineContextValue {
  const value = useContext(EngineContext);
  if (!value) throw new Error("useEngine needs an EngineProvider above it");
  return value;
}

/** The engine's commands. Call them from event handlers and effects; expected failures come as `{ ok: false, code }`. */
export function useEngine(): Engine["commands"] {
  return useEngineContext().engine.commands;
}

/** A live view; undefined until its first state arrives. `args` may be a new object each time: it is compared by content. */
export function useView<Name extends ViewName>(name: Name, args: Views[Name]["args"]): Views[Name]["view"] | undefined {
  const { views } = useEngineContext();
  const key = viewKey(name, args);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `name` and `args`
  const subscribe = useCallback((listener: () => void) => views.subscribe(name, args, listener), [views, key]);
  return useSyncExternalStore(
    subscribe,
    () => views.peek(name, args),
    () => undefined,
  );
}

const STARTING: AccountView = { phase: "starting" };
/** Who is signed in here, and what this browser still needs. */
export function useAccount(): AccountView {
  return useView("account", {}) ?? STARTING;
}

const CONNECTING: ConnectionView = { state: "connecting", storageFailed: false };
/** Whether the server is heard. */
export function useConnection(): ConnectionView {
  return useView("connection", {}) ?? CONNECTING;
}
