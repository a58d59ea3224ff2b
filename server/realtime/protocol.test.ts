import { once as onceEmitted } from "node:events";
import Pusher from "pusher-js";
import { afterEach, expect, test } from "vitest";
import type { WebSocket } from "ws";
import {
  type Frame,
  KEY,
  makeOwner,
  once,
  openPusher,
  openSocket,
  openSubscribed,
  startRealtime,
  subscribed,
  type TestRealtime,
} from "./testing";

let server: TestRealtime;
afterEach(() => server.stop());

test("a new socket is greeted with an id that nobody can guess", async () => {
  server = await startRealtime();
  const greetings = await Promise.all(Array.from({ length: 20 }, () => openSocket(server.port).next()));

  for (const greeting of greetings) {
    expect(greeting).toMatchObject({
      event: "pusher:connection_established",
      data: { socket_id: expect.stringMatching(/^\d{1,20}\.\d{1,20}$/), activity_timeout: 120 },
    });
  }
  expect(new Set(greetings.map(({ data }) => JSON.stringify(data))).size).toBe(20);
});

test("the data of every message is a string that holds JSON", async () => {
  server = await startRealtime();
  const { ws } = openSocket(server.port);

  const [bytes] = (await onceEmitted(ws, "message")) as [Buffer];

  expect(JSON.parse(bytes.toString())).toMatchObject({ data: expect.any(String) });
});

test.each([
  ["/app/another-key?protocol=7", 4001],
  ["/app/?protocol=7", 4005],
  ["/apps?protocol=7", 4005],
  [`/app/${KEY}/x?protocol=7`, 4005],
  [`//app/${KEY}?protocol=7`, 4005],
  [`/app/${KEY}?protocol=seven`, 4006],
  [`/app/${KEY}?protocol=`, 4006],
  [`/app/${KEY}?protocol=6`, 4007],
  [`/app/${KEY}?protocol=8`, 4007],
  [`/app/${KEY}`, 4008],
  [`/app/${KEY}?%%%&=&protocol=7`, undefined],
])("a socket opened at %s is closed with code %s", async (target, code) => {
  server = await startRealtime();
  const socket = openSocket(server.port, target);

  if (code === undefined) expect(await socket.established()).toMatch(/\./);
  else expect(await socket.closed).toMatchObject({ code });
});

test("a ping is answered with a pong", async () => {
  server = await startRealtime();
  const socket = openSocket(server.port);
  await socket.established();

  socket.say("pusher:ping");

  expect(await socket.next()).toEqual({ event: "pusher:pong", data: {} });
});

test("the stock client keeps an idle connection by pinging", async () => {
  server = await startRealtime();
  const client = openPusher(server, makeOwner(), { activityTimeout: 20, pongTimeout: 5_000 });
  const pong = new Promise<void>((resolve) => {
    client.connection.bind("message", ({ event }: Frame) => {
      if (event === "pusher:pong") resolve();
    });
  });

  await pong;
  expect(client.connection.state).toBe("connected");
  client.disconnect();
});

test("a silent client is pinged, and closed if it doesn't answer", async () => {
  server = await startRealtime();
  const answering = await openSubscribed(server);
  const silent = await openSubscribed(server);

  server.advance(119_999);
  server.advance(1);
  for (const socket of [answering, silent]) expect(await socket.next()).toEqual({ event: "pusher:ping", data: {} });
  answering.say("pusher:pong");
  // A ping of the WebSocket layer tells that the pong has arrived, and counts for nothing itself.
  answering.ws.ping();
  await onceEmitted(answering.ws, "pong");
  server.advance(29_999);
  expect(server.current().stats().sockets).toBe(2);
  server.advance(1);

  expect(await silent.closed).toMatchObject({ code: 4201 });
  expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 1 });
});

test("the stock client answers the server's ping", async () => {
  server = await startRealtime();
  const owner = makeOwner();
  const answered = new Promise<void>((resolve) => {
    // pusher-js takes over its class's `log` whenever a client is made.
    Pusher.log = (message: string) => {
      if (message.includes("Event sent") && message.includes("pusher:pong")) resolve();
    };
  });
  const client = openPusher(server, owner);
  await subscribed(client, owner.channel);

  server.advance(120_000);
  await answered;

  Pusher.log = () => {};
  client.disconnect();
});

test("an unsubscribed socket hears nothing more and may subscribe again", async () => {
  server = await startRealtime();
  const { say, next, owner, auth } = await openSubscribed(server);

  say("pusher:unsubscribe", { channel: owner.channel });
  say("pusher:ping");
  expect(await next()).toMatchObject({ event: "pusher:pong" });
  expect(server.current().stats().subscriptions).toBe(0);
  say("pusher:unsubscribe", { channel: owner.channel });
  expect(await next()).toMatchObject({ event: "pusher:error", data: { code: null } });
  say("pusher:subscribe", JSON.stringify({ channel: owner.channel, auth }));
  expect(await next()).toEqual({ event: "pusher_internal:subscription_succeeded", channel: owner.channel, data: {} });
  say("pusher:subscribe", { channel: owner.channel, auth });
  expect(await next()).toEqual({
    event: "pusher:error",
    data: { code: null, message: `Existing subscription to channel ${owner.channel}` },
  });
});

test("a channel that needs a signature opens to nothing else", async () => {
  server = await startRealtime();
  const { say, next } = await openSubscribed(server);

  for (const channel of ["private-news", "presence-room", "private-encrypted-x", "private-account-", "#server-to-user-somebody"]) {
    say("pusher:subscribe", { channel, auth: `${KEY}:00`, channel_data: '{"user_id":"x"}' });
    expect(await next()).toMatchObject({ event: "pusher:subscription_error", channel, data: { type: "AuthError" } });
  }
  expect(server.observed.refused).toEqual(Array(5).fill("subscription"));
});

test("a public channel needs no authorisation", async () => {
  server = await startRealtime();
  const client = openPusher(server, makeOwner());

  await once(client.subscribe("news"), "pusher:subscription_succeeded");
  client.disconnect();
});

test.each([
  ["not JSON", "{"],
  ["an empty frame", ""],
  ["a number", "7"],
  ["an array", '["pusher:ping"]'],
  ["no event", "{}"],
  ["an event that is no text", '{"event":{}}'],
  ["an unknown event", '{"event":"hello"}'],
  ["an unknown event of the protocol", '{"event":"pusher:hello"}'],
  ["an internal event", '{"event":"pusher_internal:subscription_succeeded","channel":"x"}'],
  ["a client event to a public channel", '{"event":"client-typing","channel":"x","data":{}}'],
  ["a client event to nowhere", '{"event":"client-typing","data":{}}'],
  ["a client event with a name over 200 characters", JSON.stringify({ event: `client-${"x".repeat(200)}`, channel: "private-x" })],
  ["a client event to a channel it doesn't listen to", '{"event":"client-typing","channel":"private-x","data":{}}'],
  ["a sign-in without data", '{"event":"pusher:signin","data":{"auth":"x"}}'],
  ["a subscription to nothing", '{"event":"pusher:subscribe"}'],
  ["a subscription with data of another type", '{"event":"pusher:subscribe","data":[1]}'],
  ["a subscription whose data is no JSON", '{"event":"pusher:subscribe","data":"{"}'],
  ["a channel that is no text", '{"event":"pusher:subscribe","data":{"channel":7}}'],
  ["an invalid channel name", '{"event":"pusher:subscribe","data":{"channel":"a b"}}'],
  ["a channel name over 200 characters", JSON.stringify({ event: "pusher:subscribe", data: { channel: "x".repeat(201) } })],
  ["deep nesting", "[".repeat(10_000)],
  ["a prototype", '{"__proto__":{"event":"pusher:ping"},"constructor":1}'],
])("a message that is %s gets an error without a code and keeps the socket", async (_what, text) => {
  server = await startRealtime();
  const socket = openSocket(server.port);
  await socket.established();

  socket.ws.send(text);
  expect(await socket.next()).toEqual({ event: "pusher:error", data: { code: null, message: expect.any(String) } });
  socket.say("pusher:ping");
  expect(await socket.next()).toMatchObject({ event: "pusher:pong" });
});

test("a binary message gets an error and keeps the socket", async () => {
  server = await startRealtime();
  const socket = openSocket(server.port);
  await socket.established();

  socket.ws.send(Buffer.from('{"event":"pusher:ping"}'));

  expect(await socket.next()).toMatchObject({ event: "pusher:error", data: { code: null } });
});

test.each([
  ["a message over the size limit", (ws: WebSocket) => ws.send(`{"event":"${"x".repeat(12_288)}"}`), 1009],
  [
    "a message in too many pieces",
    (ws: WebSocket) => {
      for (let i = 0; i < 70; i++) ws.send("", { fin: false });
    },
    1008,
  ],
])("%s closes the socket, in a way that lets the client come back", async (_what, send, code) => {
  server = await startRealtime();
  const socket = openSocket(server.port);
  await socket.established();

  send(socket.ws);

  expect(await socket.closed).toMatchObject({ code });
  expect(server.current().stats().sockets).toBe(0);
});
