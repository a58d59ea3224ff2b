/** What clients tell one another in a channel, without the server's application hearing of it. */
import { accountOfChannel } from "../contract/events";
import { accountOfPresenceChannel, chatOfChannel } from "../contract/presence";
import { takesClientEvents } from "./channel-names";
import type { Connection } from "./connection";
import type { RealtimeMetrics } from "./observation";
import { countIn } from "./rate-window";
import type { RealtimeLimits } from "./realtime-limits";
import { clientEvent, protocolError } from "./server-frames";

export type ClientEvents = (connection: Connection, event: { name: string; channel: string; data: unknown }) => Buffer | undefined;

type ClientEventsDeps = {
  /** Writes the frame to everybody in the channel but `except`; returns to how many. */
  tell: (channel: string, frame: Buffer, except: Connection) => number;
  limits: RealtimeLimits;
  metrics: RealtimeMetrics;
  now: () => number;
};

const TOO_MANY = 4301;

/** Passes an event on; returns the complaint if it does not. */
export function createClientEvents({ tell, limits, metrics, now }: ClientEventsDeps): ClientEvents {
  return (connection, { name, channel, data }) => {
    const problem = problemOf(connection, channel);
    if (problem !== undefined) {
      metrics.authRefusals("client_event");
      return protocolError(problem);
    }
    if (!countIn(connection.clientEvents, now(), limits.maxClientEventsPerSecond, 1_000)) {
      metrics.rateLimited("client_events");
      return protocolError("too many client events", TOO_MANY);
    }
    const dataJson = JSON.stringify(data);
    const maxBytes = chatOfChannel(channel) === undefined ? limits.maxEventBytes : limits.maxTypingBytes;
    if (Buffer.byteLength(dataJson) > maxBytes) return protocolError("the event's data is too large");
    const written = tell(channel, clientEvent(name, channel, dataJson, connection.channels.get(channel)), connection);
    metrics.eventsPublished("client", written);
    return undefined;
  };
}

function problemOf({ channels }: Connection, channel: string): string | undefined {
  if (!takesClientEvents(channel)) return "client events are for private and presence channels";
  if ((accountOfChannel(channel) ?? accountOfPresenceChannel(channel)) !== undefined) return "only the server speaks in this channel";
  return channels.has(channel) ? undefined : "client events need a subscription";
}
