/** What the service failed to do is done as soon as it answers again: channels whose events were lost are told to look into the log, and
 *  sockets that had to go are closed. */
import type { LogId } from "../../contract/ids";
import type { SetTimer } from "../shutdown";
import type { Circuit } from "./circuit";
import { MAX_CHANNELS_PER_CALL } from "./requests";
import type { ServiceClient } from "./service-client";

export type Repair = {
  /** Events to these channels were lost. */
  missed(channels: readonly string[]): void;
  /** Has the sockets closed that signed in under this id: at once, or as soon as the service answers. */
  terminate(signInId: string): void;
  /** Resolves when nothing is under way; what is left is given up. */
  close(): Promise<void>;
};

export type RepairDeps = { client: ServiceClient; circuit: Circuit; logId: LogId; setTimer: SetTimer };

export function createRepair({ client, circuit, logId, setTimer }: RepairDeps): Repair {
  const channels = new Set<string>();
  const terminations = new Set<string>();
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  function schedule(delayMs: number): void {
    if (closed || cancel !== undefined || running !== undefined || channels.size + terminations.size === 0) return;
    cancel = setTimer(() => {
      cancel = undefined;
      running = work().finally(() => {
        running = undefined;
        schedule(circuit.retryDelayMs());
      });
    }, delayMs);
  }

  /** Until all is done or the service is gone. Channels that are told are out of their set, so that what is added meanwhile is told again. */
  async function work(): Promise<void> {
    for (const signInId of [...terminations]) {
      if ((await circuit.attempt(() => client.terminate(signInId))) !== "failed") terminations.delete(signInId);
      if (circuit.isOpen()) return;
    }
    while (channels.size > 0) {
      const some = [...channels].slice(0, MAX_CHANNELS_PER_CALL);
      for (const channel of some) channels.delete(channel);
      if ((await circuit.attempt(() => client.trigger(some, { name: "look", data: { logId } }))) !== "failed") continue;
      for (const channel of some) channels.add(channel);
      return;
    }
  }

  return {
    missed(more) {
      for (const channel of more) channels.add(channel);
      schedule(circuit.retryDelayMs());
    },
    terminate(signInId) {
      terminations.add(signInId);
      schedule(circuit.isOpen() ? circuit.retryDelayMs() : 0);
    },
    async close() {
      closed = true;
      cancel?.();
      await running;
    },
  };
}
