/** From an event to the sockets that listen. */
import type { AccountEvent } from "../contract/events";
import type { Channels } from "./channels";
import type { Connection } from "./connection";
import type { RealtimeLog, RealtimeMetrics } from "./observation";
import { eventFrames } from "./server-frames";

export type Publication = { channel: string; event: AccountEvent };

type PublishingDeps = {
  channels: Channels;
  /** Returns whether the frame was written. */
  send: (connection: Connection, frame: Buffer) => boolean;
  maxEventBytes: number;
  log: RealtimeLog;
  metrics: RealtimeMetrics;
};

export function createPublishing({ channels, send, maxEventBytes, log, metrics }: PublishingDeps) {
  function framesOf(event: AccountEvent): (channel: string) => Buffer {
    const dataJson = JSON.stringify(event.data);
    const sizeBytes = Buffer.byteLength(dataJson);
    if (sizeBytes <= maxEventBytes) return eventFrames(event.name, dataJson);
    // NOTE: a hosted cluster would refuse it; "look" makes the clients fetch what did not fit.
    log.error("event is too large", { reason: event.name, sizeBytes });
    return eventFrames("look", JSON.stringify({ logId: event.data.logId }));
  }

  /** Writes each event to its channel's sockets. Never throws; what fails is logged and left to pulling. */
  return function publish(publications: Publication[]): void {
    // NOTE: a group's event is one object on many channels: serialise it once.
    const built = new Map<AccountEvent, (channel: string) => Buffer>();
    for (const { channel, event } of publications) {
      try {
        let written = 0;
        const listeners = channels.listeners(channel);
        if (listeners.size > 0) {
          const frames = built.get(event) ?? framesOf(event);
          built.set(event, frames);
          const frame = frames(channel);
          for (const connection of listeners) if (send(connection, frame)) written++;
        }
        metrics.eventsPublished(event.name, written);
      } catch (err) {
        log.error("event could not be published", { err });
      }
    }
  };
}
