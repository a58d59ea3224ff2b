import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import PusherClient from "pusher-js";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type AccountEvent, accountChannel } from "@/server/contract/events";
import { UserId } from "@/server/contract/ids";
import type { Api } from "./api";
import { connectRealtime, type PusherClass, type RealtimeConnection, type RealtimeState } from "./realtime";

const USER = UserId.parse("00000000-0000-4000-8000-000000000001");
const CHANNEL = accountChannel(USER);
const LOG = "00000000-0000-4000-8000-000000000002";

/** pusher-js waits a second before it opens a socket again. */
const POLL = { interval: 2, timeout: 5_000 };

type Said = { event: string; data?: { auth?: string; user_data?: string; channel?: string } };

/** The server's side of a line, moved by hand: what the client says is read by `said`, and nothing is answered by itself. */
const SIGN_IN = { auth: "a", userData: '{"id":"s"}', channelAuth: "b" };

async function startLine() {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const sockets: WebSocket[] = [];
  const heard: string[] = [];
  wss.on("connection", (ws) => {
    sockets.push(ws);
    ws.on("message", (bytes) => heard.push(bytes.toString()));
    tell("pusher:connection_established", { socket_id: `1.${sockets.length}`, activity_timeout: 120 });
  });
  function tell(event: string, data: unknown, channel?: string): void {
    sockets.at(-1)?.send(JSON.stringify({ event, channel, data: JSON.stringify(data) }));
  }
  const asked: string[] = [];
  /** Answers as the server's procedures do; throws what `fails` says once. */
  const calls = {
    realtime: {
      signIn: { mutate: async ({ socketId }: { socketId: string }) => answer(`signIn ${socketId}`, SIGN_IN) },
      authorize: {
        mutate: async ({ socketId, channel }: { socketId: string; channel: string }) =>
          answer(`authorize ${socketId} ${channel}`, { auth: "c" }),
      },
    },
  };
  const failing = new Set<string>();
  function answer<T>(what: string, value: T): T {
    asked.push(what);
    if (failing.delete(what)) throw new Error("no answer");
    return value;
  }
  const states: RealtimeState[] = [];
  const events: AccountEvent[] = [];
  const { port } = http.address() as AddressInfo;
  const connection: RealtimeConnection = connectRealtime(
    {
      Pusher: PusherClient as unknown as PusherClass,
      api: { call: (run: (client: typeof calls) => Promise<unknown>) => run(calls) } as unknown as Api,
      origin: `http://127.0.0.1:${port}`,
      server: { key: "key", host: null, port: null, tls: null },
      userId: USER,
    },
    { state: (state) => states.push(state), event: (event) => events.push(event) },
  );
  open.push(async () => {
    connection.close();
    for (const ws of sockets) ws.terminate();
    await new Promise((resolve) => http.close(resolve));
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    connection,
    states,
    events,
    asked,
    failing,
    tell,
    sockets,
    /** The next thing that the client says. */
    async said(): Promise<Said> {
      await expect.poll(() => heard.length, POLL).toBeGreaterThan(0);
      return JSON.parse(heard.shift() ?? "") as Said;
    },
    signedIn: () => tell("pusher:signin_success", { user_data: '{"id":"s"}' }),
  };
}
type Line = Awaited<ReturnType<typeof startLine>>;
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0)) await close();
});

/** Answers what the client says until it listens to its account's channel. */
async function answerUntilOnline(line: Line): Promise<void> {
  for (;;) {
    const { event, data } = await line.said();
    if (event === "pusher:signin") line.signedIn();
    if (event !== "pusher:subscribe" || data?.channel !== CHANNEL) continue;
    line.tell("pusher_internal:subscription_succeeded", {}, CHANNEL);
    return expect.poll(() => line.states.at(-1), POLL).toBe("online");
  }
}

test("it signs in first, asks for its channel when that is done, and then hears its events", async () => {
  const line = await startLine();

  expect(await line.said()).toEqual({ event: "pusher:signin", data: { auth: "a", user_data: '{"id":"s"}' } });
  expect(line.asked).toEqual(["signIn 1.1"]);
  line.signedIn();
  expect(await line.said()).toMatchObject({ event: "pusher:subscribe", data: { channel: "#server-to-user-s" } });
  expect(await line.said()).toEqual({ event: "pusher:subscribe", data: { auth: "b", channel: CHANNEL } });
  // One call for both.
  expect(line.asked).toEqual(["signIn 1.1"]);
  line.tell("pusher_internal:subscription_succeeded", {}, CHANNEL);
  line.tell("look", { logId: LOG }, CHANNEL);
  line.tell("look", { logId: "nothing" }, CHANNEL);
  line.tell("look", { logId: LOG }, CHANNEL);

  await expect.poll(() => line.events.length, POLL).toBe(2);
  expect(line.events[0]).toEqual({ name: "look", data: { logId: LOG } });
  expect(line.states).toEqual(["online"]);
});

test("a socket that breaks is told at once, and the next one signs in before it subscribes", async () => {
  const line = await startLine();
  await answerUntilOnline(line);

  line.sockets.at(-1)?.terminate();
  await expect.poll(() => line.states.at(-1), POLL).toBe("down");
  await answerUntilOnline(line);

  expect(line.asked).toEqual(["signIn 1.1", "signIn 1.2"]);
});

test("when the answer to its sign-in is lost, it takes a new socket after a while and asks again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"], shouldAdvanceTime: true });
  const line = await startLine();
  line.failing.add("signIn 1.1");
  await expect.poll(() => line.states.at(-1), POLL).toBe("down");
  expect(line.sockets).toHaveLength(1);

  vi.advanceTimersByTime(5_000);
  await answerUntilOnline(line);

  expect(line.asked).toEqual(["signIn 1.1", "signIn 1.2"]);
});

test("when the server refuses its channel, it takes a new socket after a while and asks again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"], shouldAdvanceTime: true });
  const line = await startLine();
  await line.said();
  line.signedIn();
  await line.said();
  expect(await line.said()).toMatchObject({ data: { channel: CHANNEL } });
  line.tell("pusher:subscription_error", { type: "LimitReached", error: "too many channels", status: 403 }, CHANNEL);
  await expect.poll(() => line.states.at(-1), POLL).toBe("down");

  vi.advanceTimersByTime(5_000);
  await answerUntilOnline(line);

  expect(line.sockets).toHaveLength(2);
});

test("a channel beside its own is asked for by itself, on every socket", async () => {
  const line = await startLine();
  const refused = vi.fn();
  line.connection.join("private-chat-1", { joined() {}, refused, event() {} });
  line.failing.add("authorize 1.1 private-chat-1");
  await answerUntilOnline(line);
  await expect.poll(() => refused.mock.calls.length, POLL).toBe(1);
  line.sockets.at(-1)?.terminate();
  await answerUntilOnline(line);
  await expect.poll(() => line.asked, POLL).toContain("authorize 1.2 private-chat-1");
});

test("once closed it stays closed, even if a sign-in had just failed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"], shouldAdvanceTime: true });
  const line = await startLine();
  line.failing.add("signIn 1.1");
  await expect.poll(() => line.states.at(-1), POLL).toBe("down");

  line.connection.close();
  vi.advanceTimersByTime(60_000);
  const later = new WebSocket(line.url); // would come after a socket that was opened before
  await once(later, "open");

  expect(line.asked).toEqual(["signIn 1.1"]);
  expect(line.sockets).toHaveLength(2);
  later.terminate();
});
