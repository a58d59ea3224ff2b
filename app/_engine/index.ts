/** The one door for the interface: types, and a connection to the engine in its worker. Pulls in no cryptography. */
import type { Commands, Engine } from "./door";
import type { FromWorker, ToWorker } from "./worker-messages";

export type * from "./door";

type Waiting = { resolve: (outcome: unknown) => void; reject: (error: Error) => void };

/** Starts the engine's worker. Call it once per page, in the browser only. */
export function connectEngine(): Engine {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "engine" });
  const waiting = new Map<number, Waiting>();
  const listeners = new Map<number, (view: never) => void>();
  let lastId = 0;
  const tell = (message: ToWorker) => worker.postMessage(message);
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === "view") {
      listeners.get(data.id)?.(data.view as never);
      return;
    }
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.kind === "outcome") asked?.resolve(data.outcome);
    else asked?.reject(new Error(data.message));
  });
  const run = (name: keyof Commands, input: unknown) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      tell({ kind: "run", id, name, input });
    });
  return {
    commands: new Proxy({} as Commands, { get: (_, name) => (input: unknown) => run(name as keyof Commands, input) }),
    watch(name, args, listener) {
      const id = ++lastId;
      listeners.set(id, listener);
      tell({ kind: "watch", id, name, args });
      return () => {
        listeners.delete(id);
        tell({ kind: "unwatch", id });
      };
    },
  };
}
