/** Real engines in Node, each with a store and a cookie jar of its own: for tests and benchmarks against a running server.
 *  Cryptography, protocol and calls are those of the browser. */
import Dexie from "dexie";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import Pusher from "pusher-js";
import type { Outcome, ViewName, Views } from "./door";
import { createEngine, type EngineDeps, type HeadlessEngine } from "./engine";
import type { Locks } from "./sync/leadership";
import type { Broadcast } from "./sync/presence/tab-bus";
import type { PusherClass } from "./transport/realtime";

export type TestEngine = HeadlessEngine & {
  /** Resolves with the first view for which `found` holds. */
  until<Name extends ViewName>(
    name: Name,
    args: Views[Name]["args"],
    found: (view: Views[Name]["view"]) => boolean,
  ): Promise<Views[Name]["view"]>;
};

// NOTE: live queries look for IndexedDB here, whatever a database was opened with.
Object.assign(Dexie.dependencies, { indexedDB: new IDBFactory(), IDBKeyRange });
let lastStore = 0;

/** An engine on an empty store. `change` replaces single effects, e.g. a fetch that fails. */
export async function createTestEngine(origin: string, change: Partial<EngineDeps> = {}): Promise<TestEngine> {
  const engine = await createEngine({
    origin,
    // NOTE: Dexie shares cached results between databases of one name.
    name: `parley-${++lastStore}`,
    indexedDB: { indexedDB: new IDBFactory(), IDBKeyRange },
    locks: createLocks(),
    openBroadcast,
    subtle: crypto.subtle,
    fetch: createCookieFetch(fetch),
    Pusher: Pusher as unknown as PusherClass,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    now: () => Date.now(),
    onWake: () => () => {},
    reportFault: (where, error) => console.error(where, error),
    ...change,
  });
  return {
    ...engine,
    until: (name, args, found) =>
      new Promise((resolve) => {
        const stop = engine.watch(name, args, (view) => {
          if (!found(view)) return;
          queueMicrotask(() => stop());
          resolve(view);
        });
      }),
  };
}

/** Node's own channel, which reaches every engine of this process that has the name. It does not keep the process alive. */
function openBroadcast(name: string): Broadcast {
  const channel = new BroadcastChannel(name);
  (channel as unknown as { unref(): void }).unref();
  return channel;
}

/** The value of an outcome. Throws with its code when the command failed. */
export function accepted<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`command failed: ${outcome.code} ${outcome.reason ?? ""}`);
  return outcome.value;
}

/** fetch with the cookies of one origin, which Node's own forgets. */
export function createCookieFetch(send: typeof fetch): typeof fetch {
  const jar = new Map<string, string>();
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await send(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";");
      const [name = "", value = ""] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      if (value === "" || attributes.some((one) => /^\s*max-age=0$/i.test(one))) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
}

/** Web Locks of one process: exclusive, first come first served. */
export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  const request = async (name: string, ...rest: unknown[]) => {
    const callback = rest.at(-1) as (lock: Lock | null) => unknown;
    const before = tails.get(name) ?? Promise.resolve();
    const held = before.then(() => callback({ name, mode: "exclusive" }));
    tails.set(
      name,
      held.then(
        () => {},
        () => {},
      ),
    );
    return held;
  };
  return { request: request as Locks["request"] };
}
