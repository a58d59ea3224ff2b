/** What the tests of the real-time server stand on: a real HTTP server, real sockets, and a clock that moves when told. */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Pusher from "pusher-js";
import { WebSocket } from "ws";
import { type AccountEvent, accountChannel } from "../contract/events";
import { ChatId, DeviceId, LogId, UserId } from "../contract/ids";
import type { SocketOwner } from "./connection";
import { createRealtime, type Realtime, type RealtimeDeps } from "./realtime";

export const KEY = "parley-key";
export const SECRET = "only-for-tests";

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

type Observed = { dropped: string[]; published: [string, number][]; logged: string[]; sockets: number };

/** A real-time server on a port of its own. `advance` moves its clock and lets its sweep run. */
export async function startRealtime(deps: Partial<RealtimeDeps> = {}) {
  let nowMs = 1_000_000;
  const timers = createManualTimers();
  const observed: Observed = { dropped: [], published: [], logged: [], sockets: 0 };
  const note = (message: string) => void observed.logged.push(message);
  const create = () =>
    createRealtime({
      key: KEY,
      secret: SECRET,
      appId: "1",
      now: () => nowMs,
      setTimer: timers.setTimer,
      log: { info: note, warn: note, error: note },
      metrics: {
        sockets(delta) {
          observed.sockets += delta;
        },
        socketsDropped: (reason) => void observed.dropped.push(reason),
        eventsPublished: (name, sockets) => void observed.published.push([name, sockets]),
      },
      ...deps,
    });
  let realtime = create();
  const http = createServer();
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

async function listen(http: Server): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return (http.address() as AddressInfo).port;
}

export function makeOwner(): SocketOwner & { deviceId: DeviceId; channel: string } {
  const userId = UserId.parse(randomUUID());
  return { userId, sessionId: randomUUID(), deviceId: DeviceId.parse(randomUUID()), channel: accountChannel(userId) };
}

/** An event that can be told apart by `seq`; `sizeBytes` of it are padding. */
export function entryEvent(seq: number, sizeBytes = 0): AccountEvent {
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

/** A bare socket that listens to its owner's channel. */
export async function openSubscribed(server: TestRealtime, owner = makeOwner()) {
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const auth = server.current().authorize(socketId, owner.channel, owner);
  socket.say("pusher:subscribe", { channel: owner.channel, auth });
  const answer = await socket.next();
  if (answer.event !== "pusher_internal:subscription_succeeded") throw new Error(`unexpected ${answer.event}`);
  return { ...socket, socketId, auth, owner };
}

/** The stock client, authorised in process as the server's own route would do it. */
export function openPusher(server: TestRealtime, owner: SocketOwner, options: Partial<ConstructorParameters<typeof Pusher>[1]> = {}) {
  return new Pusher(KEY, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    channelAuthorization: {
      customHandler({ socketId, channelName }, done) {
        try {
          done(null, { auth: server.current().authorize(socketId, channelName, owner) });
        } catch (error) {
          done(error as Error, null);
        }
      },
    },
    ...options,
  });
}

type Bindable = { bind(event: string, handler: (data: unknown) => void): unknown };

/** Resolves with the data of the target's next `event`. */
export function once(target: Bindable, event: string): Promise<unknown> {
  return new Promise((resolve) => target.bind(event, resolve));
}
