/** The account's channel over the Pusher protocol. Only a hint: whatever it misses, pulling finds. */

import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import type { ServerInfo } from "@/server/contract/accounts";
import { type AccountEvent, accountChannel, EntryEvent, LookEvent, WatermarkEvent } from "@/server/contract/events";
import type { UserId } from "@/server/contract/ids";
import type { Api } from "./api";

/** pusher-js for workers in the browser, pusher-js itself in Node. */
export type PusherClass = new (key: string, options: Options) => Pusher;
export type RealtimeState = "connecting" | "online" | "down";
export type RealtimeListener = { state(state: RealtimeState): void; event(event: AccountEvent): void };
export type RealtimeConnection = { close(): void; reconnect(): void };

const RESUBSCRIBE_MS = 5_000;
const schemas = { entry: EntryEvent, watermark: WatermarkEvent, look: LookEvent } as const;

/** Connects and stays connected (pusher-js backs off by itself) until closed. */
export function connectRealtime(
  deps: { Pusher: PusherClass; api: Api; origin: string; server: ServerInfo["realtime"]; userId: UserId },
  listener: RealtimeListener,
): RealtimeConnection {
  const pusher = new deps.Pusher(deps.server.key, pusherOptions(deps));
  pusher.connection.bind("state_change", ({ previous, current }: { previous: string; current: string }) => {
    // A socket that broke is down from now on, not only when the attempts to open it again have failed for a while.
    if (current === "connecting" && previous !== "connected") listener.state("connecting");
    else if (current !== "connected") listener.state("down");
  });
  const channel = pusher.subscribe(accountChannel(deps.userId));
  // Connected but not subscribed hears nothing: only a subscription counts as online.
  channel.bind("pusher:subscription_succeeded", () => listener.state("online"));
  channel.bind("pusher:subscription_error", () => {
    listener.state("down");
    setTimeout(() => channel.subscribed || pusher.subscribe(channel.name), RESUBSCRIBE_MS); // pusher-js leaves it at that
  });
  for (const name of Object.keys(schemas) as (keyof typeof schemas)[]) {
    channel.bind(name, (data: unknown) => {
      const parsed = schemas[name].safeParse(data);
      if (parsed.success) listener.event({ name, data: parsed.data } as AccountEvent);
    });
  }
  return {
    close: () => pusher.disconnect(),
    reconnect: () => {
      pusher.disconnect();
      pusher.connect();
    },
  };
}

function pusherOptions(deps: { api: Api; origin: string; server: ServerInfo["realtime"] }): Options {
  const origin = new URL(deps.origin);
  const tls = deps.server.tls ?? origin.protocol === "https:";
  const port = deps.server.port ?? Number(origin.port || (tls ? 443 : 80));
  return {
    cluster: "",
    wsHost: deps.server.host ?? origin.hostname,
    wsPort: port,
    wssPort: port,
    forceTLS: tls,
    enabledTransports: ["ws", "wss"],
    disableStats: true,
    channelAuthorization: {
      transport: "ajax",
      endpoint: "",
      customHandler: ({ socketId, channelName }, done) => {
        deps.api
          .call((c) => c.realtime.authorize.mutate({ socketId, channel: channelName }))
          .then(
            (authorization) => done(null, authorization),
            (error: Error) => done(error, null),
          );
      },
    },
  };
}
