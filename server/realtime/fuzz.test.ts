/** What nobody should send: frames, bytes and calls. By default a few thousand; PARLEY_TEST_RUNS multiplies them. */
import { createHash, createHmac } from "node:crypto";
import { once as onceEmitted } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect as connectTcp } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { testRuns } from "../testing/test-runs";
import { createSignatures } from "./signatures";
import { APP_ID, KEY, openSocket, openSubscribed, SECRET, startRealtime, type TestRealtime } from "./testing";

let server: TestRealtime;
afterEach(() => server.stop());

const signatures = createSignatures({ key: KEY, secret: SECRET });
const FLOOD = { maxMessagesPerWindow: 10_000_000, maxChannelsUnclaimed: 1_000_000 };
const TIMEOUT_MS = 30_000 * Math.max(1, testRuns());
/** What garbage may leave behind in a heap of some ten million bytes. */
const MOST_GROWTH_BYTES = 8_000_000;

/** Bytes in use after everything that can be let go of is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

async function expectFlat(work: (part: number) => Promise<void>): Promise<void> {
  await work(0);
  const before = heapBytes();
  await work(1);
  expect(heapBytes() - before).toBeLessThan(MOST_GROWTH_BYTES);
}

/** The first half for part 0, the second for part 1. */
const half = <T>(all: T[], part: number) => all.slice((part * all.length) / 2, ((part + 1) * all.length) / 2);

const channelName = fc.oneof(
  fc.string({ maxLength: 250 }),
  fc.constantFrom(
    "private-account-x",
    "__proto__",
    "toString",
    "presence-x",
    "private-encrypted-x",
    "#server-to-user-x",
    "#server-to-user-",
  ),
  fc.stringMatching(/^(private-|presence-)?[-\w=@,.;]{1,20}$/),
  fc.jsonValue(),
);

/** Text that is no valid message but often looks like one. */
const malformedText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.json({ maxDepth: 4 }),
  fc
    .record({
      event: fc.oneof(
        fc.constantFrom("pusher:subscribe", "pusher:unsubscribe", "pusher:signin", "client-x", "pusher:pong "),
        fc.jsonValue({ maxDepth: 1 }),
      ),
      data: fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.json({ maxDepth: 2 }),
        fc.record(
          {
            channel: channelName,
            auth: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
            channel_data: fc.oneof(fc.json({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 1 })),
            user_data: fc.oneof(fc.json({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 1 })),
          },
          { requiredKeys: [] },
        ),
      ),
      channel: channelName,
    })
    .map((message) => JSON.stringify(message)),
  fc.string({ maxLength: 60 }).map((text) => `{"event":"pusher:subscribe","data":{"channel":"${text}`),
);

/** Whether the frame holds both parts of a sign-in: a wrong one ends the socket. */
function isSignIn(text: string): boolean {
  try {
    const { event, data } = JSON.parse(text);
    const fields = typeof data === "string" ? JSON.parse(data) : data;
    return event === "pusher:signin" && typeof fields.auth === "string" && typeof fields.user_data === "string";
  } catch {
    return false;
  }
}

/** Sends the text and looks at the answer; resolves with whether the socket is still open. */
async function judge(socket: ReturnType<typeof openSocket>, text: string): Promise<boolean> {
  socket.ws.send(text);
  if (isSignIn(text)) {
    expect(await socket.closed).toMatchObject({ code: 4009 });
    return false;
  }
  const { event, data, channel = "" } = await socket.next();
  if (event === "pusher:error") expect(data).toEqual({ code: null, message: expect.any(String) });
  else if (event === "pusher_internal:subscription_succeeded") {
    expect(channel).toMatch(/^(?!private-|presence-|#)/);
    // Nothing answers an unsubscription, so that the next answer is the next text's.
    socket.say("pusher:unsubscribe", { channel });
  } else expect([event, data]).toEqual(["pusher:subscription_error", expect.objectContaining({ type: "AuthError", status: 401 })]);
  return true;
}

test(
  "malformed messages are each answered with the right error, and nothing breaks",
  async () => {
    server = await startRealtime({ limits: FLOOD });
    const listener = await openSubscribed(server);
    const texts = fc.sample(malformedText, { numRuns: 5_000 * testRuns(), seed: 20_260_101 });

    await expectFlat(async (part) => {
      let socket = openSocket(server.port);
      await socket.established();
      for (const text of half(texts, part)) {
        if (await judge(socket, text)) continue;
        socket = openSocket(server.port);
        await socket.established();
      }
      socket.ws.close();
      await socket.closed;
    });

    expect(server.observed.logged).toEqual([]);
    expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 1 });
    listener.say("pusher:ping");
    expect(await listener.next()).toMatchObject({ event: "pusher:pong" });
  },
  TIMEOUT_MS,
);

test(
  "whatever an application signs as a member or a user, the server stays and forgets it again",
  async () => {
    server = await startRealtime({ limits: FLOOD });
    const signed = fc.sample(fc.tuple(fc.oneof(fc.json(), fc.string(), memberJson), fc.boolean()), { numRuns: 300 * testRuns(), seed: 5 });

    for (const [data, asUser] of signed) {
      const socket = openSocket(server.port);
      const socketId = await socket.established();
      const text = asUser ? `${socketId}::user::${data}` : `${socketId}:presence-x:${data}`;
      const auth = signatures.sign(text);
      if (asUser) socket.say("pusher:signin", { auth, user_data: data });
      else socket.say("pusher:subscribe", { channel: "presence-x", auth, channel_data: data });
      const answer = await Promise.race([socket.next(), socket.closed]);
      if ("code" in answer) expect(answer.code).toBe(4009);
      else expect(answer.event).toMatch(/^(pusher:(signin_success|subscription_error)|pusher_internal:subscription_succeeded)$/);
      socket.ws.close();
      await socket.closed;
    }

    expect(server.observed).toMatchObject({ logged: [], sockets: 0, subscriptions: 0 });
  },
  TIMEOUT_MS,
);

const memberJson = fc
  .record({
    id: fc.oneof(fc.string({ maxLength: 250 }), fc.jsonValue({ maxDepth: 1 })),
    user_id: fc.oneof(fc.string({ maxLength: 250 }), fc.integer(), fc.constantFrom("__proto__", "")),
    user_info: fc.oneof(fc.jsonValue(), fc.string({ minLength: 900, maxLength: 1_200 })),
  })
  .map((member) => JSON.stringify(member));

/** A TCP connection that has been upgraded, so that anything can be sent on it. */
async function openRaw() {
  const tcp = connectTcp(server.port, "127.0.0.1");
  tcp.on("error", () => {});
  const key = Buffer.alloc(16).toString("base64");
  tcp.write(`GET /app/${KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`);
  tcp.write(`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
  await onceEmitted(tcp, "data");
  return tcp;
}

test(
  "bytes that are no WebSocket frames end their own connection and no other",
  async () => {
    server = await startRealtime({ limits: { closeTimeoutMs: 20, ...FLOOD } });
    const listener = await openSubscribed(server);
    const garbage = fc.sample(fc.uint8Array({ minLength: 2, maxLength: 200 }), { numRuns: 300 * testRuns(), seed: 7 });

    for (const bytes of garbage) {
      const tcp = await openRaw();
      tcp.resume();
      tcp.end(bytes);
      await onceEmitted(tcp, "close");
    }

    listener.say("pusher:ping");
    expect(await listener.next()).toMatchObject({ event: "pusher:pong" });
    expect(server.observed.logged).toEqual([]);
  },
  TIMEOUT_MS,
);

const pathPart = fc.oneof(
  fc.constantFrom(APP_ID, "events", "batch_events", "channels", "users", "terminate_connections", "presence-x", "%zz", "..", "__proto__"),
  fc.stringMatching(/^[!-~]{0,12}$/).map((text) => text.replace(/[#?\\]/g, "")),
);
const bodyText = fc.oneof(
  fc.json(),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .record(
      {
        name: fc.oneof(fc.string({ maxLength: 210 }), fc.jsonValue({ maxDepth: 1 })),
        channels: fc.oneof(fc.array(channelName, { maxLength: 4 }), fc.jsonValue({ maxDepth: 1 })),
        channel: channelName,
        data: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
        batch: fc.array(fc.record({ name: fc.string(), channel: channelName, data: fc.string() }), { maxLength: 11 }),
        socket_id: fc.oneof(fc.constant("1.2"), fc.string()),
        info: fc.oneof(fc.constantFrom("user_count", "subscription_count", "__proto__"), fc.string()),
      },
      { requiredKeys: [] },
    )
    .map((body) => JSON.stringify(body)),
);
const malformedCall = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS"),
  path: fc
    .oneof(fc.constantFrom([APP_ID, "events"], [APP_ID, "channels"], [APP_ID, "batch_events"]), fc.array(pathPart, { maxLength: 5 }))
    .map((parts) => `/apps/${parts.join("/")}`),
  info: fc.constantFrom("", "user_count", "x"),
  body: bodyText,
  isSigned: fc.boolean(),
});

test(
  "malformed calls are answered by 401 without a signature, else by what is wrong with them",
  async () => {
    server = await startRealtime({ limits: FLOOD, now: () => 1_790_000_000_000 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const calls = fc.sample(malformedCall, { numRuns: 1_000 * testRuns(), seed: 11 });
    const statuses = new Map<number, number>();

    await expectFlat(async (part) => {
      for (const { method, path, info, body, isSigned } of half(calls, part)) {
        const md5 = createHash("md5").update(body).digest("hex");
        const query = `auth_key=${KEY}&auth_timestamp=1790000000&auth_version=1.0&body_md5=${md5}&info=${info}`;
        const signature = createHmac("sha256", isSigned ? SECRET : "guess")
          .update(`${method}\n${path}\n${query}`)
          .digest("hex");
        const headers = { "content-length": Buffer.byteLength(body) };
        const options = {
          host: "127.0.0.1",
          port: server.port,
          agent,
          method,
          headers,
          path: `${path}?${query}&auth_signature=${signature}`,
        };
        const [response] = (await onceEmitted(request(options).end(body), "response")) as [IncomingMessage];
        response.resume();
        await onceEmitted(response, "end");
        const status = response.statusCode ?? 0;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const signedForUs = isSigned && (path === `/apps/${APP_ID}` || path.startsWith(`/apps/${APP_ID}/`));
        expect(signedForUs ? [200, 400, 404, 413] : [401], `${method} ${path}`).toContain(status);
      }
    });

    for (const status of [200, 400, 401, 404]) expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(0);
    agent.destroy();
  },
  TIMEOUT_MS,
);
