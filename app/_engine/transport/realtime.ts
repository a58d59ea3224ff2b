/** The account's channel over the Pusher protocol. Only a hint: whatever it misses, pulling finds. */

import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import type { ServerInfo } from "@/server/contract/accounts";
import { type AccountEvent, accountChannel, EntryEvent, LookEvent, PrivacyEvent, WatermarkEvent } from "@/server/contract/events";
import type { UserId } from "@/server/contract/ids";
import type { Api } from "./api";

/** pusher-js for workers in the browser, pusher-js itself in Node. */
export type PusherClass = new (key: string, options: Options) => Pusher;
export type RealtimeState = "connecting" | "online" | "down";
export type RealtimeListener = { state(state: RealtimeState): void; event(event: AccountEvent): void };
export type RealtimeConnection = { close(): void; reconnect(): void; join: JoinChannel };

/** Listens to a channel beside the account's, as long as the line is up. */
export type JoinChannel = (
  channel: string,
  listener: {
    joined(): void;
    /** The server does not let this account listen, or did not answer. */
    refused(): void;
    event(name: string, data: unknown): void;
  },
) => JoinedChannel;
export type JoinedChannel = {
  /** Says something to the others in the channel. It may get lost. */
  trigger(event: string, data: unknown): void;
  leave(): void;
};

const RETRY_MS = 5_000;
const schemas = { entry: EntryEvent, watermark: WatermarkEvent, privacy: PrivacyEvent, look: LookEvent } as const;

/** Connects and stays connected (pusher-js backs off by itself) until closed. */
export function connectRealtime(
  deps: { Pusher: PusherClass; api: Api; origin: string; server: ServerInfo["realtime"]; userId: UserId },
  listener: RealtimeListener,
): RealtimeConnection {
  const pusher: Pusher = new deps.Pusher(deps.server.key, pusherOptions(deps, isSignedIn));
  async function isSignedIn(): Promise<boolean> {
    await pusher.user.signinDonePromise;
    return pusher.user.user_data !== null;
  }
  const reconnect = () => {
    pusher.disconnect();
    pusher.connect();
  };
  pusher.connection.bind("state_change", ({ previous, current }: { previous: string; current: string }) => {
    // A socket that broke is down from now on, not only when the attempts to open it again have failed for a while.
    if (current === "connecting" && previous !== "connected") listener.state("connecting");
    else if (current !== "connected") listener.state("down");
  });
  /** pusher-js asks once per connection, so it takes a new one; after close() there is none to replace. */
  const retry = () => {
    listener.state("down");
    setTimeout(() => pusher.connection.state === "connected" && !channel.subscribed && reconnect(), RETRY_MS);
  };
  pusher.signin();
  pusher.user.bind("pusher:signin_error", retry);
  const channel = pusher.subscribe(accountChannel(deps.userId));
  // Connected but not subscribed hears nothing: only a subscription counts as online.
  channel.bind("pusher:subscription_succeeded", () => listener.state("online"));
  channel.bind("pusher:subscription_error", retry);
  for (const name of Object.keys(schemas) as (keyof typeof schemas)[]) {
    channel.bind(name, (data: unknown) => {
      const parsed = schemas[name].safeParse(data);
      if (parsed.success) listener.event({ name, data: parsed.data } as AccountEvent);
    });
  }
  return {
    close: () => pusher.disconnect(),
    reconnect,
    join: (name, joining) => joinChannel(pusher, name, joining),
  };
}

function joinChannel(pusher: Pusher, name: string, listener: Parameters<JoinChannel>[1]): JoinedChannel {
  const channel = pusher.subscribe(name);
  channel.bind("pusher:subscription_succeeded", listener.joined);
  // Left while the line was down, and subscribed again with it.
  if (channel.subscribed) queueMicrotask(listener.joined);
  channel.bind("pusher:subscription_error", listener.refused);
  channel.bind_global((event: string, data: unknown) => event.startsWith("pusher:") || listener.event(event, data));
  return {
    trigger: (event, data) => void (channel.subscribed && channel.trigger(event, data)),
    leave() {
      channel.unbind_all();
      pusher.unsubscribe(name);
    },
  };
}

type Served = { api: Api; origin: string; server: ServerInfo["realtime"]; userId: UserId };

function pusherOptions(deps: Served, isSignedIn: () => Promise<boolean>): Options {
  const origin = new URL(deps.origin);
  const tls = deps.server.tls ?? origin.protocol === "https:";
  /** The server admits an account's channel only to a socket that signed in; if this one did not, there is no answer: the next asks again. */
  const authorize = async (socketId: string, channel: string) => {
    if (!(await isSignedIn())) return null;
    if (channel === accountChannel(deps.userId) && own?.socketId === socketId) return { auth: own.channelAuth };
    return deps.api.call((c) => c.realtime.authorize.mutate({ socketId, channel }));
  };
  /** Came with the sign-in. */
  let own: { socketId: string; channelAuth: string } | undefined;
  const port = deps.server.port ?? Number(origin.port || (tls ? 443 : 80));
  return {
    cluster: "",
    wsHost: deps.server.host ?? origin.hostname,
    wsPort: port,
    wssPort: port,
    forceTLS: tls,
    enabledTransports: ["ws", "wss"],
    disableStats: true,
    userAuthentication: {
      transport: "ajax",
      endpoint: "",
      customHandler: ({ socketId }, done) => {
        deps.api
          .call((c) => c.realtime.signIn.mutate({ socketId }))
          .then(
            ({ auth, userData, channelAuth }) => {
              own = { socketId, channelAuth };
              done(null, { auth, user_data: userData });
            },
            (error: Error) => done(error, null),
          );
      },
    },
    channelAuthorization: {
      transport: "ajax",
      endpoint: "",
      customHandler: ({ socketId, channelName }, done) => {
        authorize(socketId, channelName).then(
          (authorization) => authorization && done(null, authorization),
          (error: Error) => done(error, null),
        );
      },
    },
  };
}
