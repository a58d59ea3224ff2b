/** The one door for the interface: types, and a connection to the engine in its worker. Pulls in no cryptography. */
import { proxy, type Remote, wrap } from "comlink";
import type { Commands, Engine, ViewName, Views } from "./door";

export type * from "./door";

/** The worker's side of the door: functions cannot cross by themselves, so listeners come as comlink proxies. */
export type WorkerEngine = {
  run<Name extends keyof Commands>(name: Name, input: Parameters<Commands[Name]>[0]): Promise<Awaited<ReturnType<Commands[Name]>>>;
  watch<Name extends ViewName>(id: number, name: Name, args: Views[Name]["args"], listener: (view: Views[Name]["view"]) => void): void;
  unwatch(id: number): void;
};

/** Starts the engine's worker. Call it once per page, in the browser only. */
export function connectEngine(): Engine {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "engine" });
  const remote = wrap(worker) as unknown as Remote<WorkerEngine>;
  let lastId = 0;
  const commands = new Proxy({} as Commands, {
    get: (_, name) => (input: unknown) => (remote.run as (name: unknown, input: unknown) => Promise<unknown>)(name, input),
  });
  return {
    commands,
    watch(name, args, listener) {
      const id = ++lastId;
      let live = true;
      void remote.watch(id, name, args, proxy((view: never) => live && listener(view)) as never);
      return () => {
        live = false;
        void remote.unwatch(id);
      };
    },
  };
}
