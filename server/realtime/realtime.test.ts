import { createHmac, randomUUID } from "node:crypto";
import type Pusher from "pusher-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accountChannel } from "../contract/events";
import type { SocketOwner } from "./connection";
import {
  entryEvent,
  KEY,
  makeOwner,
  once,
  openPusher,
  openSocket,
  openSubscribed,
  SECRET,
  startRealtime,
  type TestRealtime,
} from "./testing";

let server: TestRealtime;
const clients: Pusher[] = [];

beforeEach(async () => {
  server = await startRealtime();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await server.stop();
});

function connect(owner: SocketOwner, options?: Parameters<typeof openPusher>[2]): Pusher {
  const client = openPusher(server, owner, options);
  clients.push(client);
  return client;
}

test("the stock client hears the events of its own account's channel", async () => {
  const alice = makeOwner();
  const channel = connect(alice).subscribe(alice.channel);
  await once(channel, "pusher:subscription_succeeded");

  const event = entryEvent(7);
  const heard = once(channel, "entry");
  server.current().publish([{ channel: alice.channel, event }]);

  expect(await heard).toEqual(event.data);
  expect(server.observed.published).toEqual([["entry", 1]]);
});

test("an event reaches every socket of its account and nobody else's", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const phone = await openSubscribed(server, alice);
  const laptop = await openSubscribed(server, { ...alice, sessionId: randomUUID() });
  const bobs = await openSubscribed(server, bob);
  const shared = entryEvent(2);

  server.current().publish([{ channel: alice.channel, event: entryEvent(1) }]);
  server.current().publish([alice, bob].map(({ channel }) => ({ channel, event: shared })));

  expect(new Set(server.current().channels())).toEqual(new Set([alice.channel, bob.channel]));
  for (const socket of [phone, laptop]) {
    expect(await socket.next()).toMatchObject({ event: "entry", channel: alice.channel, data: { seq: 1 } });
    expect(await socket.next()).toMatchObject({ event: "entry", channel: alice.channel, data: { seq: 2 } });
  }
  expect(await bobs.next()).toEqual({ event: "entry", channel: bob.channel, data: shared.data });
});

test("another account's channel is refused", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const channel = connect(alice).subscribe(bob.channel);

  expect(await once(channel, "pusher:subscription_error")).toMatchObject({ type: "AuthError", error: "another account's channel" });
  expect(server.current().stats().subscriptions).toBe(0);
});

test("a forged signature opens nothing", async () => {
  const alice = makeOwner();
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const genuine = server.current().authorize(socketId, alice.channel, alice);
  const otherSecret = createHmac("sha256", "another secret").update(`${socketId}:${alice.channel}`).digest("hex");
  const forgeries = [
    "",
    "x",
    KEY,
    `${KEY}:`,
    `${KEY}:${otherSecret}`,
    `other:${genuine.split(":")[1]}`,
    `${genuine.slice(0, -1)}g`,
    `${genuine} `,
  ];

  for (const auth of [...forgeries, undefined, null, 7, {}, [genuine]]) {
    socket.say("pusher:subscribe", { channel: alice.channel, auth });
    expect(await socket.next()).toMatchObject({
      event: "pusher:subscription_error",
      channel: alice.channel,
      data: { type: "AuthError", status: 401 },
    });
  }
  expect(server.current().stats().subscriptions).toBe(0);
});

test("a signature is worth nothing on another socket or for another channel", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const first = await openSubscribed(server, alice);
  const second = openSocket(server.port);
  const secondId = await second.established();

  second.say("pusher:subscribe", { channel: alice.channel, auth: first.auth });
  expect(await second.next()).toMatchObject({ event: "pusher:subscription_error" });
  server.current().authorize(secondId, alice.channel, { ...alice, sessionId: randomUUID() });
  second.say("pusher:subscribe", { channel: alice.channel, auth: first.auth });
  expect(await second.next()).toMatchObject({ event: "pusher:subscription_error" });
  first.say("pusher:subscribe", { channel: bob.channel, auth: first.auth });
  expect(await first.next()).toMatchObject({ event: "pusher:subscription_error", channel: bob.channel });
});

test("a valid signature that this server did not hand to the socket's session opens nothing", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const socket = await openSubscribed(server, alice);
  const signature = createHmac("sha256", SECRET).update(`${socket.socketId}:${bob.channel}`).digest("hex");

  socket.say("pusher:subscribe", { channel: bob.channel, auth: `${KEY}:${signature}` });

  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", channel: bob.channel });
});

test("malformed socket ids and channel names are never signed", async () => {
  const alice = makeOwner();
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const sign = (id: string, channel: string) => () => server.current().authorize(id, channel, alice);

  const ids = [
    "",
    ".",
    "1",
    "1.",
    ".1",
    "1.2.3",
    "1:2",
    "1.2:private-x",
    " 1.2",
    "1.2\n",
    "a.b",
    "-1.2",
    "1e3.4",
    "٣.٤",
    `${"1".repeat(21)}.1`,
  ];
  for (const id of [...ids, `${socketId}\n`, `${socketId}:${alice.channel}`]) {
    expect(sign(id, alice.channel), id).toThrow(expect.objectContaining({ code: "bad_request" }));
  }
  const id = alice.userId;
  const names = ["", "private-account-", `private-account-${id} `, `private-account-${id}\n`, `private-account-${id.toUpperCase()}x`];
  const others = [
    `presence-account-${id}`,
    `account-${id}`,
    `private-encrypted-account-${id}`,
    `#server-to-user-${id}`,
    "private-x",
    "public",
  ];
  for (const name of [...names, ...others, `${alice.channel}:{}`, ` ${alice.channel}`]) {
    expect(sign(socketId, name), name).toThrow(expect.objectContaining({ code: "bad_request" }));
  }
  expect(sign("1.2", alice.channel)).toThrow(expect.objectContaining({ code: "bad_request", message: "no such socket" }));
  expect(sign(socketId, accountChannel(makeOwner().userId))).toThrow(expect.objectContaining({ code: "forbidden" }));
});

test("a socket stays with the session that claimed it", async () => {
  const [alice, mallory] = [makeOwner(), makeOwner()];
  const socket = await openSubscribed(server, alice);

  const claim = () => server.current().authorize(socket.socketId, mallory.channel, mallory);

  expect(claim).toThrow(expect.objectContaining({ code: "forbidden" }));
  server.current().endSession(mallory.sessionId);
  socket.say("pusher:ping");
  expect(await socket.next()).toMatchObject({ event: "pusher:pong" });
});

test("the stock client comes back by itself after a restart and subscribes anew", async () => {
  const alice = makeOwner();
  const client = connect(alice);
  const channel = client.subscribe(alice.channel);
  await once(channel, "pusher:subscription_succeeded");
  const error = once(client.connection, "error");
  const again = once(channel, "pusher:subscription_succeeded");

  await server.restart();
  await again;
  const heard = once(channel, "entry");
  server.current().publish([{ channel: alice.channel, event: entryEvent(3) }]);

  expect(await error).toMatchObject({ data: { code: 4200 } });
  expect(await heard).toMatchObject({ seq: 3 });
});

test("a shutdown spreads the closes of many sockets over time", async () => {
  const sockets = await Promise.all(Array.from({ length: 250 }, () => openSubscribed(server)));
  const closing = server.current().close();
  expect(server.current().stats().sockets).toBe(150);

  server.advance(0);
  await Promise.resolve();
  expect(server.current().stats().sockets).toBe(50);
  server.advance(0);
  await closing;

  for (const socket of sockets) expect(await socket.closed).toMatchObject({ code: 4200 });
  expect(server.observed.sockets).toBe(0);
});

test("an event too large for the protocol becomes a wake-up to look", async () => {
  const alice = makeOwner();
  const socket = await openSubscribed(server, alice);
  const event = entryEvent(1, 20_000);

  server.current().publish([{ channel: alice.channel, event }]);

  expect(await socket.next()).toEqual({ event: "look", channel: alice.channel, data: { logId: event.data.logId } });
  expect(server.observed.logged).toEqual(["event is too large"]);
});

test("publishing never throws, and one bad event doesn't stop the next", async () => {
  const alice = makeOwner();
  const socket = await openSubscribed(server, alice);
  const unserialisable = { name: "look", data: { logId: 1n } } as unknown as ReturnType<typeof entryEvent>;

  server.current().publish([
    { channel: alice.channel, event: unserialisable },
    { channel: alice.channel, event: entryEvent(1) },
  ]);

  expect(await socket.next()).toMatchObject({ event: "entry" });
  expect(server.observed.logged).toEqual(["event could not be published"]);
});
