/** What a queue of publications becomes on the way to a service: as few calls as its limits allow, in the order of the queue. */
import type { Publication } from "../publishing";

/** Of Pusher Channels; the services that speak its protocol have the same or higher ones. */
export const MAX_CHANNELS_PER_CALL = 100;
export const MAX_EVENTS_PER_BATCH = 10;

/** One event to many channels, or some events to one channel each. */
export type Call = { channels: string[]; publications: Publication[] };

/** Takes the next call's worth from the front of the queue, which it shortens; undefined when the queue is empty. */
export function takeCall(queue: Publication[]): Call | undefined {
  const first = queue[0];
  if (first === undefined) return undefined;
  const same = countWhile(queue, MAX_CHANNELS_PER_CALL, ({ event }) => event === first.event);
  if (same > 1) return { channels: queue.splice(0, same).map(({ channel }) => channel), publications: [first] };
  const publications = queue.splice(0, MAX_EVENTS_PER_BATCH);
  return { channels: publications.map(({ channel }) => channel), publications };
}

function countWhile(queue: readonly Publication[], most: number, holds: (publication: Publication) => boolean): number {
  let count = 0;
  for (const publication of queue) {
    if (count === most || !holds(publication)) break;
    count++;
  }
  return count;
}
