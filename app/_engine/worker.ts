/** The engine in the browser: one worker per tab, joined through the store and a Web Lock. */
import { expose } from "comlink";
import Pusher from "pusher-js/worker";
import type { AccountView, Views } from "./door";
import { createEngine, type HeadlessEngine } from "./engine";
import type { WorkerEngine } from "./index";
import type { PusherClass } from "./transport/realtime";

const unsupported = missingFeature();
const engine: Promise<HeadlessEngine> | undefined = unsupported ? undefined : start();
const watches = new Map<number, () => void>();

const door: WorkerEngine = {
  async run(name, input) {
    if (!engine) return { ok: false, code: "storage_failed" } as never;
    const { commands } = await engine;
    return (commands[name] as (input: unknown) => Promise<never>)(input);
  },
  watch(id, name, args, listener) {
    const tell = listener as (view: Views[typeof name]["view"]) => void;
    if (unsupported) {
      if (name === "account") tell({ phase: "unsupported", reason: unsupported });
      return;
    }
    watches.set(id, () => {});
    void engine?.then((started) => {
      if (watches.has(id)) watches.set(id, started.watch(name, args, tell));
    });
  },
  unwatch(id) {
    watches.get(id)?.();
    watches.delete(id);
  },
};
expose(door);

function missingFeature(): Extract<AccountView, { phase: "unsupported" }>["reason"] | undefined {
  if (!self.isSecureContext || !self.crypto?.subtle) return "insecure_origin";
  if (!self.indexedDB) return "no_indexeddb";
  if (!self.navigator.locks) return "no_web_locks";
  return undefined;
}

function start(): Promise<HeadlessEngine> {
  return createEngine({
    origin: self.location.origin,
    name: "parley",
    locks: self.navigator.locks,
    subtle: self.crypto.subtle,
    fetch: self.fetch.bind(self),
    Pusher: Pusher as unknown as PusherClass,
    random: (bytes) => self.crypto.getRandomValues(new Uint8Array(bytes)),
    now: () => Date.now(),
    onWake(listener) {
      self.addEventListener("online", listener);
      return () => self.removeEventListener("online", listener);
    },
    reportFault: (where, error) => console.error(`engine: ${where}`, error),
  });
}
