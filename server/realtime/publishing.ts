/** From an event to the sockets that listen. */
import type { RealtimeEvent } from "../contract/events";
import type { Channels } from "./channels";
import type { Connection } from "./connection";
import type { RealtimeLog, RealtimeMetrics } from "./observation";
import { eventFrames } from "./server-frames";

export type Publication = { channel: string; event: RealtimeEvent };

type PublishingDeps = {
  channels: Channels;
  /** Returns whether the frame was written. */
  send: (connection: Connection, frame: Buffer) => boolean;
  maxEventBytes: number;
  log: RealtimeLog;
  metrics: RealtimeMetrics;
};

export function createPublishing({ channels, send, maxEventBytes, log, metrics }: PublishingDeps) {
  function framesOf(event: RealtimeEvent): (channel: string) => Buffer {
    const dataJson = JSON.stringify(event.data);
    const sizeBytes = Buffer.byteLength(dataJson);
    if (sizeBytes <= maxEventBytes || !("logId" in event.data)) return eventFrames(event.name, dataJson);
    // NOTE: a hosted cluster would refuse it; "look" makes the clients fetch what did not fit.
    log.error("event is too large", { reason: event.name, sizeBytes });
    return eventFrames("look", JSON.stringify({ logId: event.data.logId }));
  }

  /** Writes the frame to everybody in the channel but `except`. Returns to how many. */
  function tell(channel: string, frame: Buffer, except?: Connection): number {
    let written = 0;
    for (const connection of channels.listeners(channel)) if (connection !== except && send(connection, frame)) written++;
    metrics.messagesSent(written);
    return written;
  }

  function publishOne({ channel, event }: Publication, built: Map<RealtimeEvent, (channel: string) => Buffer>): number {
    if (channels.listeners(channel).size === 0) return 0;
    const frames = built.get(event) ?? framesOf(event);
    built.set(event, frames);
    return tell(channel, frames(channel));
  }

  return {
    tell,
    /** Writes each event to its channel's sockets. Never throws; what fails is logged and left to pulling. */
    publish(publications: readonly Publication[]): void {
      const startedMs = performance.now();
      // NOTE: a group's event is one object on many channels: serialise it once.
      const built = new Map<RealtimeEvent, (channel: string) => Buffer>();
      for (const publication of publications) {
        try {
          metrics.eventsPublished(publication.event.name, publishOne(publication, built));
        } catch (err) {
          log.error("event could not be published", { err });
        }
      }
      metrics.publishTook((performance.now() - startedMs) / 1_000);
    },
    /** Writes one event of the HTTP API, whose data is any text, to the sockets of its channels but `except`. */
    trigger(names: readonly string[], name: string, dataText: string, except: Connection | undefined): void {
      const startedMs = performance.now();
      const frames = eventFrames(name, dataText);
      for (const channel of names) {
        const heard = channels.listeners(channel).size > 0;
        metrics.eventsPublished("api", heard ? tell(channel, frames(channel), except) : 0);
      }
      metrics.publishTook((performance.now() - startedMs) / 1_000);
    },
  };
}
