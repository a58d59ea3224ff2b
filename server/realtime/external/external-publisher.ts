/** Publishes through an external service. Invariant: a channel whose event could not be handed over is told to look as soon as the service
 *  answers again, so that an outage costs a moment and nothing else. */
import type { LogId } from "../../contract/ids";
import type { Publication } from "../publishing";
import type { SetTimer } from "../shutdown";
import type { Circuit } from "./circuit";
import { createRepair } from "./repair";
import { type Call, takeCall } from "./requests";
import type { ServiceClient } from "./service-client";

/** Calls under way at once. Each channel has its lane, so its events arrive in order. */
export const LANES = 8;
/** Events waiting in one lane; above it their channels are told to look instead. */
const MAX_QUEUED = 5_000;

export type ExternalPublisherDeps = { client: ServiceClient; circuit: Circuit; logId: LogId; setTimer: SetTimer };
export type ExternalPublisher = {
  /** Never throws. */
  publish(publications: readonly Publication[]): void;
  /** Has the sockets closed that signed in under this id; tries until the service has done it. */
  terminate(signInId: string): void;
  /** These channels may have missed something: they are told to look. */
  missed(channels: readonly string[]): void;
  /** Resolves when what was handed in is sent or given up; nothing is taken any more. */
  close(): Promise<void>;
};

type Lane = { queue: Publication[]; running: Promise<void> | undefined };

export function createExternalPublisher(deps: ExternalPublisherDeps): ExternalPublisher {
  const { client, circuit } = deps;
  const repair = createRepair(deps);
  const lanes = Array.from({ length: LANES }, (): Lane => ({ queue: [], running: undefined }));
  let closed = false;

  async function drain(lane: Lane): Promise<void> {
    await Promise.resolve(); // so that what one caller publishes in a row travels together
    for (let call = takeCall(lane.queue); call !== undefined; call = takeCall(lane.queue)) {
      const { channels } = call;
      const request = () => send(client, call as Call);
      if (circuit.isOpen() || (await circuit.attempt(request)) !== "done") repair.missed(channels);
    }
    lane.running = undefined;
  }

  return {
    publish(publications) {
      if (closed) return;
      for (const publication of publications) {
        const lane = lanes[laneOf(publication.channel)] as Lane;
        if (lane.queue.length >= MAX_QUEUED) repair.missed([publication.channel]);
        else lane.queue.push(publication);
      }
      for (const lane of lanes) if (lane.queue.length > 0) lane.running ??= drain(lane);
    },
    terminate: repair.terminate,
    missed: repair.missed,
    async close() {
      closed = true;
      await Promise.all(lanes.map(({ running }) => running));
      await repair.close();
    },
  };
}

function send(client: ServiceClient, { channels, publications }: Call): Promise<void> {
  const [first] = publications;
  return publications.length === 1 && first !== undefined ? client.trigger(channels, first.event) : client.triggerBatch(publications);
}

/** FNV-1a over the name: the same channel always takes the same lane. */
function laneOf(channel: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < channel.length; i++) hash = Math.imul(hash ^ channel.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % LANES;
}
