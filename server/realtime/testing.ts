/** What the tests of the real-time server stand on: a real HTTP server, real sockets, and a clock that moves when told. */
import { randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Pusher from "pusher-js";
import { WebSocket } from "ws";
import { toAppError } from "../app-error";
import type { AppContext } from "../context";
import { type AccountEvent, accountChannel } from "../contract/events";
import { ChatId, DeviceId, LogId, UserId } from "../contract/ids";
import { answerError } from "../http/answer";
import { createRealtimeApi } from "../http/realtime-api";
import type { SocketOwner } from "./connection";
import { NO_METRICS } from "./observation";
import { createRealtime, type Realtime, type RealtimeDeps } from "./realtime";

export const KEY = "parley-key";
export const SECRET = "only-for-tests";
export const APP_ID = "7";

/** Timers that fire when `run` is called, and never by themselves. */
function createManualTimers() {
  let waiting = new Set<() => void>();
  return {
    setTimer(run: () => void) {
      waiting.add(run);
      return () => void waiting.delete(run);
    },
    run(): void {
      const due = waiting;
      waiting = new Set();
      for (const run of due) run();
    },
  };
}

type Observed = {
  dropped: string[];
  published: [string, number][];
  refused: string[];
  logged: string[];
  sockets: number;
  subscriptions: number;
};

/** A real-time server on a port of its own. `advance` moves its clock and lets its sweep run. */
export async function startRealtime(deps: Partial<RealtimeDeps> = {}) {
  let nowMs = 1_000_000;
  const timers = createManualTimers();
  const observed: Observed = { dropped: [], published: [], refused: [], logged: [], sockets: 0, subscriptions: 0 };
  const note = (message: string) => void observed.logged.push(message);
  const create = () =>
    createRealtime({
      key: KEY,
      secret: SECRET,
      appId: APP_ID,
      now: () => nowMs,
      setTimer: timers.setTimer,
      log: { info: note, warn: note, error: note },
      metrics: {
        ...NO_METRICS,
        subscriptions(delta) {
          observed.subscriptions += delta;
        },
        authRefusals: (what) => void observed.refused.push(what),
        sockets(delta) {
          observed.sockets += delta;
        },
        socketsDropped: (reason) => void observed.dropped.push(reason),
        eventsPublished: (name, sockets) => void observed.published.push([name, sockets]),
      },
      ...deps,
    });
  let realtime = create();
  const context = {
    get realtime() {
      return realtime;
    },
  };
  const http = createServer(answerApi(context as AppContext));
  http.on("upgrade", (req, socket, head) => realtime.upgrade(req, socket, head));
  const port = await listen(http);
  return {
    port,
    observed,
    current: (): Realtime => realtime,
    advance(ms: number): void {
      nowMs += ms;
      timers.run();
    },
    /** Ends this server as a restart would and puts a new one in its place. */
    async restart(): Promise<void> {
      const old = realtime;
      realtime = create();
      await old.close();
    },
    async stop(): Promise<void> {
      await realtime.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
export type TestRealtime = Awaited<ReturnType<typeof startRealtime>>;

/** The HTTP API as the whole server answers it. */
function answerApi(app: AppContext): RequestListener {
  const routeOf = createRealtimeApi(app);
  return async (req, res) => {
    try {
      await routeOf(req.url ?? "")?.handle(req, res);
    } catch (error) {
      answerError(res, toAppError(error));
      req.resume();
    }
  };
}

async function listen(http: Server): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return (http.address() as AddressInfo).port;
}

export type TestOwner = SocketOwner & { channel: string };

export function makeOwner(): TestOwner {
  const userId = UserId.parse(randomUUID());
  return { userId, sessionId: randomUUID(), deviceId: DeviceId.parse(randomUUID()), channel: accountChannel(userId) };
}

/** An event that can be told apart by `seq`; `sizeBytes` of it are padding. */
export function entryEvent(seq: number, sizeBytes = 0): Extract<AccountEvent, { name: "entry" }> {
  const ids = { logId: LogId.parse(randomUUID()), chatId: ChatId.parse(randomUUID()) };
  return { name: "entry", data: { ...ids, seq, ...(sizeBytes > 0 && { parts: { padding: "x".repeat(sizeBytes) } }) } };
}

export type Frame = { event: string; channel?: string; data: unknown };

/** A bare WebSocket that says what it is told to and keeps what it hears. */
export function openSocket(port: number, target = `/app/${KEY}?protocol=7`) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${target}`);
  const heard: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  ws.on("message", (bytes) => {
    const { data, ...rest } = JSON.parse(bytes.toString()) as Omit<Frame, "data"> & { data: string };
    const frame = { ...rest, data: JSON.parse(data) as unknown };
    const next = waiting.shift();
    if (next) next(frame);
    else heard.push(frame);
  });
  ws.on("error", () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const next = () => {
    const frame = heard.shift();
    return frame ? Promise.resolve(frame) : new Promise<Frame>((resolve) => waiting.push(resolve));
  };
  return {
    ws,
    next,
    closed,
    say: (event: string, data: unknown = {}) => ws.send(JSON.stringify({ event, data })),
    /** Waits for the greeting; returns the socket id. */
    async established(): Promise<string> {
      const frame = await next();
      return (frame.data as { socket_id: string }).socket_id;
    },
  };
}

type TestSocket = ReturnType<typeof openSocket>;

/** Signs a bare socket in; returns the answer. */
export function signIn(server: TestRealtime, socket: TestSocket, socketId: string, owner: SocketOwner): Promise<Frame> {
  const { auth, userData } = server.current().signIn(socketId, owner);
  socket.say("pusher:signin", { auth, user_data: userData });
  return socket.next();
}

/** A bare socket that is signed in and listens to its owner's channel. */
export async function openSubscribed(server: TestRealtime, owner = makeOwner()) {
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  await signIn(server, socket, socketId, owner);
  const auth = server.current().authorize(socketId, owner.channel);
  socket.say("pusher:subscribe", { channel: owner.channel, auth });
  const answer = await socket.next();
  if (answer.event !== "pusher_internal:subscription_succeeded") throw new Error(`unexpected ${answer.event}`);
  return { ...socket, socketId, auth, owner };
}

type PusherOptions = ConstructorParameters<typeof Pusher>[1];

/** The stock client, signed in and authorised in process as the server's own procedures would do it. */
export function openPusher(server: TestRealtime, owner: SocketOwner, options: Partial<PusherOptions> = {}) {
  const client: Pusher = new Pusher(KEY, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    userAuthentication: {
      transport: "ajax",
      endpoint: "",
      customHandler({ socketId }, done) {
        const { auth, userData } = server.current().signIn(socketId, owner);
        done(null, { auth, user_data: userData });
      },
    },
    channelAuthorization: {
      transport: "ajax",
      endpoint: "",
      async customHandler({ socketId, channelName }, done) {
        await client.user.signinDonePromise;
        done(null, { auth: server.current().authorize(socketId, channelName) });
      },
    },
    ...options,
  });
  client.signin();
  return client;
}

/** Has the stock client listen to a channel. Resolves when it does. */
export async function subscribed(client: Pusher, name: string) {
  const channel = client.subscribe(name);
  await once(channel, "pusher:subscription_succeeded");
  return channel;
}

type Bindable = { bind(event: string, handler: (data: unknown) => void): unknown };

/** Resolves with the data of the target's next `event`. */
export function once(target: Bindable, event: string): Promise<unknown> {
  return new Promise((resolve) => target.bind(event, resolve));
}
