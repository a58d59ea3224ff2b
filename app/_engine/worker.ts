/** The engine in the browser: one worker per tab, joined through the store and a Web Lock. */
import Pusher from "pusher-js/worker";
import type { AccountView, ViewName } from "./door";
import { createEngine, type HeadlessEngine } from "./engine";
import type { PusherClass } from "./transport/realtime";
import type { FromWorker, ToWorker } from "./worker-messages";

const unsupported = missingFeature();
const engine: Promise<HeadlessEngine> | undefined = unsupported ? undefined : start();
const watches = new Map<number, () => void>();

const tell = (message: FromWorker) => self.postMessage(message);
self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "run":
      void run(data.name, data.input).then(
        (outcome) => tell({ kind: "outcome", id: data.id, outcome }),
        (error: unknown) => tell({ kind: "fault", id: data.id, message: String(error) }),
      );
      return;
    case "watch":
      watch(data.id, data.name, data.args);
      return;
    case "unwatch":
      watches.get(data.id)?.();
      watches.delete(data.id);
  }
});

async function run(name: Extract<ToWorker, { kind: "run" }>["name"], input: unknown): Promise<unknown> {
  const started = await engine?.catch(() => undefined);
  if (!started) return { ok: false, code: "storage_failed" };
  const { commands } = started;
  return (commands[name] as (input: unknown) => Promise<unknown>)(input);
}

function watch(id: number, name: ViewName, args: unknown): void {
  const show = (view: unknown) => tell({ kind: "view", id, view });
  if (unsupported) {
    if (name === "account") show({ phase: "unsupported", reason: unsupported } satisfies AccountView);
    return;
  }
  watches.set(id, () => {});
  void engine?.then(
    (started) => {
      if (watches.has(id)) watches.set(id, started.watch(name, args as never, show));
    },
    // The browser has a database but won't open it: private windows, a broken profile.
    () => name === "account" && show({ phase: "unsupported", reason: "no_indexeddb" } satisfies AccountView),
  );
}

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
    openBroadcast: (name) => new BroadcastChannel(name),
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
