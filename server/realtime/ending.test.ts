import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entryEvent, KEY, makeOwner, once, openPusher, openSocket, openSubscribed, startRealtime, type TestRealtime } from "./testing";

let server: TestRealtime;
beforeEach(async () => {
  server = await startRealtime();
});
afterEach(() => server.stop());

test("the stock client of an ended session is cut off and doesn't come back", async () => {
  const alice = makeOwner();
  const client = openPusher(server, alice);
  await once(client.subscribe(alice.channel), "pusher:subscription_succeeded");
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
  const unused = server.current().authorize(waitingId, alice.channel, alice);

  server.current().endSession(alice.sessionId);
  server.current().publish([{ channel: alice.channel, event: entryEvent(1) }]);
  socket.say("pusher:subscribe", { channel: alice.channel, auth: socket.auth });
  waiting.say("pusher:subscribe", { channel: alice.channel, auth: unused });

  expect(await socket.closed).toMatchObject({ code: 4009 });
  expect(await waiting.closed).toMatchObject({ code: 4009 });
  const late = openSocket(server.port);
  const lateId = await late.established();
  expect(() => server.current().authorize(lateId, alice.channel, alice)).toThrow(expect.objectContaining({ code: "forbidden" }));
  expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 0 });
  expect(server.observed.published).toEqual([["entry", 0]]);
  expect(server.observed.dropped).toEqual(["session", "session"]);
});

test("ended sessions are remembered for longer than a request lasts, and not for ever", async () => {
  const alice = makeOwner();
  server.current().endSession(alice.sessionId);
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const claim = () => server.current().authorize(socketId, alice.channel, alice);

  server.advance(120_000);
  expect(claim).toThrow(expect.objectContaining({ code: "forbidden" }));
  const later = openSocket(server.port);
  const laterId = await later.established();
  server.advance(1);

  expect(server.current().authorize(laterId, alice.channel, alice)).toContain(KEY);
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
  const again = () => server.current().authorize(lateId, alice.channel, { ...alice, sessionId: randomUUID() });
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
