import { createHmac, randomUUID } from "node:crypto";
import type Pusher from "pusher-js";
import { afterEach, beforeEach, expect, test } from "vitest";
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
  signIn,
  startRealtime,
  subscribed,
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
  const channel = await subscribed(connect(alice), alice.channel);

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

  for (const socket of [phone, laptop]) {
    expect(await socket.next()).toMatchObject({ event: "entry", channel: alice.channel, data: { seq: 1 } });
    expect(await socket.next()).toMatchObject({ event: "entry", channel: alice.channel, data: { seq: 2 } });
  }
  expect(await bobs.next()).toEqual({ event: "entry", channel: bob.channel, data: shared.data });
});

test("everybody who listens can be told to look", async () => {
  const sockets = [await openSubscribed(server), await openSubscribed(server)];
  const { logId } = entryEvent(1).data;
  server.current().tellAllToLook(logId);
  for (const { next, owner } of sockets) expect(await next()).toEqual({ event: "look", channel: owner.channel, data: { logId } });
});

test("another account's channel is refused, even to a socket that has its signature", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const client = connect(alice);
  await subscribed(client, alice.channel);
  const before = server.observed.subscriptions;
  const channel = client.subscribe(bob.channel);

  expect(await once(channel, "pusher:subscription_error")).toMatchObject({ type: "AuthError", status: 401 });
  expect(server.observed.subscriptions).toBe(before);
});

test("an account's channel is refused to a socket that has not signed in", async () => {
  const alice = makeOwner();
  const socket = openSocket(server.port);
  const auth = server.current().authorize(await socket.established(), alice.channel);

  socket.say("pusher:subscribe", { channel: alice.channel, auth });

  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", data: { type: "AuthError", status: 401 } });
});

test("a forged sign-in ends the socket, and so does one that was made for another", async () => {
  const alice = makeOwner();
  const first = openSocket(server.port);
  const genuine = server.current().signIn(await first.established(), alice);
  const other = { ...alice, deviceId: makeOwner().deviceId };
  const forgeries = [
    { auth: "", user_data: genuine.userData },
    { auth: `${KEY}:${"0".repeat(64)}`, user_data: genuine.userData },
    { auth: genuine.auth, user_data: genuine.userData.replace(alice.deviceId, other.deviceId) },
    { auth: genuine.auth, user_data: genuine.userData },
  ];

  for (const forgery of forgeries) {
    const socket = openSocket(server.port);
    await socket.established();
    socket.say("pusher:signin", forgery);
    expect(await socket.closed).toMatchObject({ code: 4009 });
  }
  first.say("pusher:signin", { auth: genuine.auth, user_data: genuine.userData });
  expect(await first.next()).toEqual({ event: "pusher:signin_success", data: { user_data: genuine.userData } });
  expect(server.observed.refused).toEqual(Array(4).fill("sign_in"));
});

test("a forged signature opens nothing", async () => {
  const alice = makeOwner();
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  await signIn(server, socket, socketId, alice);
  const genuine = server.current().authorize(socketId, alice.channel);
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
  await signIn(server, second, secondId, { ...alice, sessionId: randomUUID() });
  second.say("pusher:subscribe", { channel: alice.channel, auth: first.auth });
  expect(await second.next()).toMatchObject({ event: "pusher:subscription_error" });
  first.say("pusher:subscribe", { channel: bob.channel, auth: first.auth });
  expect(await first.next()).toMatchObject({ event: "pusher:subscription_error", channel: bob.channel });
});

test("a valid signature for another account's channel, made outside the server, opens nothing", async () => {
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
  const sign = (id: string, channel: string) => () => server.current().authorize(id, channel);
  const open = (id: string) => () => server.current().signIn(id, alice);

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
    expect(open(id), id).toThrow(expect.objectContaining({ code: "bad_request" }));
  }
  const id = alice.userId;
  const names = ["", `private-account-${id} `, `private-account-${id}\n`, `${alice.channel}:{}`, ` ${alice.channel}`];
  const others = [`presence-account-${id}`, `account-${id}`, `#server-to-user-${id}`, "public", `private-${"x".repeat(193)}`];
  for (const name of [...names, ...others]) {
    expect(sign(socketId, name), name).toThrow(expect.objectContaining({ code: "bad_request" }));
  }
  expect(sign(socketId, alice.channel)()).toContain(KEY);
});

test("a socket stays with the session that signed in on it", async () => {
  const [alice, mallory] = [makeOwner(), makeOwner()];
  const socket = await openSubscribed(server, alice);

  expect(await signIn(server, socket, socket.socketId, mallory)).toMatchObject({ event: "pusher:error", data: { code: null } });
  server.current().endSession(mallory.sessionId);
  socket.say("pusher:subscribe", { channel: mallory.channel, auth: server.current().authorize(socket.socketId, mallory.channel) });

  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error" });
  expect(server.current().sessions()).toEqual([alice.sessionId]);
});

test("the stock client comes back by itself after a restart and subscribes anew", async () => {
  const alice = makeOwner();
  const client = connect(alice);
  const channel = await subscribed(client, alice.channel);
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
