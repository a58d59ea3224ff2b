import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  entryEvent,
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
beforeEach(async () => {
  server = await startRealtime();
});
afterEach(() => server.stop());

test("the stock client of an ended session is cut off and doesn't come back", async () => {
  const alice = makeOwner();
  const client = openPusher(server, alice);
  await subscribed(client, alice.channel);
  const error = once(client.connection, "error");
  const disconnected = once(client.connection, "disconnected");

  server.current().endSession(alice.sessionId);

  expect(await error).toMatchObject({ data: { code: 4009 } });
  await disconnected;
  expect(server.current().stats()).toEqual({ sockets: 0, subscriptions: 0 });
});

test("an ended session hears nothing more and can't subscribe again, on this socket or a new one", async () => {
  const alice = makeOwner();
  const socket = await openSubscribed(server, alice);
  const waiting = openSocket(server.port);
  const waitingId = await waiting.established();
  const unused = server.current().signIn(waitingId, alice);

  server.current().endSession(alice.sessionId);
  server.current().publish([{ channel: alice.channel, event: entryEvent(1) }]);
  socket.say("pusher:subscribe", { channel: alice.channel, auth: socket.auth });
  waiting.say("pusher:signin", { auth: unused.auth, user_data: unused.userData });

  expect(await socket.closed).toMatchObject({ code: 4009 });
  expect(await waiting.closed).toMatchObject({ code: 4009 });
  const late = openSocket(server.port);
  const lateId = await late.established();
  expect(() => server.current().signIn(lateId, alice)).toThrow(expect.objectContaining({ code: "forbidden" }));
  expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 0 });
  expect(server.observed.published).toEqual([["entry", 0]]);
  expect(server.observed.dropped).toEqual(["session", "protocol"]);
});

test("a sign-in that another process handed out just before the session ended opens nothing", async () => {
  const alice = makeOwner();
  const elsewhere = await startRealtime();
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const { auth, userData } = elsewhere.current().signIn(socketId, alice);

  server.current().endSession(alice.sessionId);
  socket.say("pusher:signin", { auth, user_data: userData });

  expect(await socket.closed).toMatchObject({ code: 4009 });
  await elsewhere.stop();
});

test("a sign-in is good for a minute; after that the client is made to ask again", async () => {
  const alice = makeOwner();
  const [used, late] = [openSocket(server.port), openSocket(server.port)];
  const signIns = [used, late].map(async (socket) => server.current().signIn(await socket.established(), alice));
  const [first, second] = await Promise.all(signIns);
  for (const socket of [used, late]) {
    socket.say("pusher:subscribe", { channel: "news" });
    expect(await socket.next()).toMatchObject({ event: "pusher_internal:subscription_succeeded" });
  }

  server.advance(60_000);
  used.say("pusher:signin", { auth: first?.auth, user_data: first?.userData });
  expect(await used.next()).toMatchObject({ event: "pusher:signin_success" });
  server.advance(1);
  late.say("pusher:signin", { auth: second?.auth, user_data: second?.userData });

  expect(await late.closed).toMatchObject({ code: 4104 });
});

test("ended sessions are remembered for longer than a sign-in is good for, and not for ever", async () => {
  const alice = makeOwner();
  server.current().endSession(alice.sessionId);
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const ask = () => server.current().signIn(socketId, alice);

  server.advance(120_000);
  expect(ask).toThrow(expect.objectContaining({ code: "forbidden" }));
  server.advance(1);

  expect(ask()).toHaveProperty("auth");
});

test("revoking a device cuts its sockets and leaves the account's others", async () => {
  const alice = makeOwner();
  const other = { ...makeOwner(), userId: alice.userId, channel: alice.channel };
  const revoked = await openSubscribed(server, alice);
  const kept = await openSubscribed(server, other);

  server.current().endDevice(alice.userId, alice.deviceId);
  server.current().publish([{ channel: alice.channel, event: entryEvent(1) }]);

  expect(await revoked.closed).toMatchObject({ code: 4009 });
  expect(await kept.next()).toMatchObject({ event: "entry" });
  const late = openSocket(server.port);
  const lateId = await late.established();
  const again = () => server.current().signIn(lateId, { ...alice, sessionId: randomUUID() });
  expect(again).toThrow(expect.objectContaining({ code: "forbidden" }));
});

test("ending an account cuts all its sockets and nobody else's", async () => {
  const [alice, bob] = [makeOwner(), makeOwner()];
  const phone = await openSubscribed(server, alice);
  const laptop = await openSubscribed(server, { ...alice, sessionId: randomUUID() });
  const bobs = await openSubscribed(server, bob);

  server.current().endAccount(alice.userId);
  server.current().publish([{ channel: bob.channel, event: entryEvent(1) }]);

  expect(await phone.closed).toMatchObject({ code: 4009 });
  expect(await laptop.closed).toMatchObject({ code: 4009 });
  expect(await bobs.next()).toMatchObject({ event: "entry" });
  expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 1 });
});
