/** Which accounts have a socket at an external service: asked for now and then, because the service tells nobody. */
import { ACCOUNT_CHANNELS, accountOfChannel } from "../../contract/events";
import type { UserId } from "../../contract/ids";
import type { SetTimer } from "../shutdown";
import type { Attendance } from "../sockets";
import type { Circuit } from "./circuit";
import type { ServiceClient } from "./service-client";

/** Shorter than the grace that presence gives. */
const ASK_EVERY_MS = 10_000;

export type OccupancyDeps = { client: ServiceClient; circuit: Circuit; attendance: Attendance; setTimer: SetTimer };

/** Tells `attendance` from now on; returns what ends that. While the service does not answer, everybody stays as they were. */
export function watchOccupancy({ client, circuit, attendance, setTimer }: OccupancyDeps): () => void {
  let here: ReadonlySet<UserId> = new Set();
  let stopped = false;
  let cancel: () => void = () => {};

  async function ask(): Promise<void> {
    const now = new Set((await client.occupied(ACCOUNT_CHANNELS)).flatMap((name) => accountOfChannel(name) ?? []));
    if (stopped) return;
    for (const userId of now) if (!here.has(userId)) attendance.present(userId);
    for (const userId of here) if (!now.has(userId)) attendance.absent(userId);
    here = now;
  }

  function askLater(): void {
    cancel = setTimer(() => {
      void circuit.attempt(ask).then(() => {
        if (!stopped) askLater();
      });
    }, ASK_EVERY_MS);
  }

  askLater();
  return () => {
    stopped = true;
    cancel();
  };
}
