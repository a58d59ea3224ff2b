import { randomUUID } from "node:crypto";
import { once as onceEmitted } from "node:events";
import { get } from "node:http";
import { afterEach, expect, test } from "vitest";
import { REALTIME_LIMITS } from "./realtime-limits";
import {
  entryEvent,
  KEY,
  makeOwner,
  once,
  openPusher,
  openSocket,
  openSubscribed,
  signIn,
  startRealtime,
  subscribed,
  type TestRealtime,
} from "./testing";

let server: TestRealtime;
afterEach(() => server.stop());

test("a slow reader is dropped while the others receive everything in order", async () => {
  server = await startRealtime({ limits: { maxBufferedBytes: 65_536 } });
  const owner = makeOwner();
  const fast = await openSubscribed(server, owner);
  const slow = await openSubscribed(server, owner);
  slow.ws.pause();

  let published = 0;
  while (server.current().stats().sockets === 2 && published < 10_000) {
    const batch = Array.from({ length: 50 }, () => ({ channel: owner.channel, event: entryEvent(++published, 4_000) }));
    server.current().publish(batch);
    for (let seq = published - 49; seq <= published; seq++) expect(await fast.next()).toMatchObject({ data: { seq } });
  }

  expect(server.current().stats()).toEqual({ sockets: 1, subscriptions: 1 });
  expect(server.observed.dropped).toEqual(["slow"]);
  slow.ws.resume();
  const { code } = await slow.closed;
  expect(code).toBe(4101);
  server.current().publish([{ channel: owner.channel, event: entryEvent(0) }]);
  expect(await fast.next()).toMatchObject({ data: { seq: 0 } });
});

test("a client that ignores the close is cut off", async () => {
  server = await startRealtime({ limits: { closeTimeoutMs: 30 } });
  const socket = await openSubscribed(server);
  socket.ws.pause();

  server.current().endSession(socket.owner.sessionId);
  await server.current().close();

  expect(REALTIME_LIMITS.closeTimeoutMs).toBeLessThan(5_000);
});

test("over capacity a client is sent away, and the stock client comes back when there is room", async () => {
  server = await startRealtime({ limits: { maxSockets: 1 } });
  const first = openSocket(server.port);
  await first.established();
  const owner = makeOwner();
  const client = openPusher(server, owner);
  const listening = subscribed(client, owner.channel);
  const refusal = (await once(client.connection, "error")) as { error: { data: { code: number } } };

  first.ws.close();
  await listening;

  expect(refusal.error.data.code).toBe(4100);
  client.disconnect();
});

test("when even the farewells would take too many sockets, an upgrade gets a 503", async () => {
  server = await startRealtime({ limits: { maxSockets: 1, closeTimeoutMs: 200 } });
  await openSocket(server.port).established();
  const refused = openSocket(server.port);
  refused.ws.on("upgrade", () => refused.ws.pause());
  await onceEmitted(refused.ws, "open");
  refused.ws.pause();

  const headers = {
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": `${"A".repeat(22)}==`,
  };
  const request = get({ port: server.port, host: "127.0.0.1", path: `/app/${KEY}?protocol=7`, headers });
  const [response] = (await onceEmitted(request, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();

  expect(response.statusCode).toBe(503);
});

test("sockets that don't sign in are limited per address and closed after a while", async () => {
  const addressOf = (req: { headers: { "user-agent"?: string } }) => req.headers["user-agent"] ?? "";
  server = await startRealtime({ limits: { maxUnclaimedPerAddress: 2 }, addressOf });
  const claimed = await openSubscribed(server);
  const unclaimed = [openSocket(server.port), openSocket(server.port)];
  for (const socket of unclaimed) await socket.established();

  const third = openSocket(server.port);
  expect(await third.closed).toMatchObject({ code: 4100 });
  server.advance(REALTIME_LIMITS.usedWithinMs);
  for (const socket of unclaimed) expect(await socket.closed).toMatchObject({ code: 4103 });

  await openSocket(server.port).established();
  claimed.say("pusher:ping");
  expect(await claimed.next()).toMatchObject({ event: "pusher:pong" });
});

test("a socket that only listens to public channels stays, counts for its address, and may listen to few", async () => {
  server = await startRealtime({ limits: { maxUnclaimedPerAddress: 1, maxChannelsUnclaimed: 2 } });
  const socket = openSocket(server.port);
  await socket.established();
  for (const channel of ["one", "two"]) {
    socket.say("pusher:subscribe", { channel });
    expect(await socket.next()).toMatchObject({ event: "pusher_internal:subscription_succeeded", channel });
  }
  socket.say("pusher:subscribe", { channel: "three" });
  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", channel: "three", data: { type: "LimitReached" } });

  server.advance(REALTIME_LIMITS.usedWithinMs);
  socket.say("pusher:ping");
  expect(await socket.next()).toMatchObject({ event: "pusher:pong" });
  expect(await openSocket(server.port).closed).toMatchObject({ code: 4100 });
});

test("a client whose sign-in got lost is made to connect and ask again", async () => {
  server = await startRealtime();
  const owner = makeOwner();
  let lost = 0;
  const client = openPusher(server, owner, {
    userAuthentication: {
      transport: "ajax",
      endpoint: "",
      customHandler({ socketId }, done) {
        const { auth, userData } = server.current().signIn(socketId, owner);
        if (lost++ === 0) done(new Error("no answer"), null);
        else done(null, { auth, user_data: userData });
      },
    },
  });
  const listening = subscribed(client, owner.channel);
  await once(client.user, "pusher:signin_error");

  server.advance(REALTIME_LIMITS.usedWithinMs);
  await listening;

  expect(server.observed.dropped).toEqual(["timeout"]);
  client.disconnect();
});

test("an account has a limited number of sockets; one too many stays a stranger and is closed after a while", async () => {
  server = await startRealtime({ limits: { maxSocketsPerAccount: 2 } });
  const owner = makeOwner();
  const first = await openSubscribed(server, owner);
  await openSubscribed(server, { ...owner, sessionId: randomUUID() });
  const third = openSocket(server.port);
  const thirdId = await third.established();

  expect(await signIn(server, third, thirdId, owner)).toMatchObject({ event: "pusher:error", data: { code: null } });
  third.say("pusher:subscribe", { channel: owner.channel, auth: server.current().authorize(thirdId, owner.channel) });
  expect(await third.next()).toMatchObject({ event: "pusher:subscription_error", data: { type: "AuthError" } });

  expect(await signIn(server, first, first.socketId, owner)).toMatchObject({ event: "pusher:signin_success" });
  const fourth = openSocket(server.port);
  const fourthId = await fourth.established();
  server.current().endSession(owner.sessionId);
  const later = { ...owner, sessionId: randomUUID() };
  expect(await signIn(server, fourth, fourthId, later)).toMatchObject({ event: "pusher:signin_success" });
  server.advance(REALTIME_LIMITS.usedWithinMs);
  expect(await third.closed).toMatchObject({ code: 4103 });
});

test("a socket may listen to a limited number of channels", async () => {
  server = await startRealtime({ limits: { maxChannelsPerSocket: 3 } });
  const socket = await openSubscribed(server);
  for (const channel of ["one", "two"]) {
    socket.say("pusher:subscribe", { channel });
    expect(await socket.next()).toMatchObject({ event: "pusher_internal:subscription_succeeded", channel });
  }

  socket.say("pusher:subscribe", { channel: "three" });
  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", channel: "three", data: { type: "LimitReached" } });

  socket.say("pusher:unsubscribe", { channel: "one" });
  socket.say("pusher:subscribe", { channel: "three" });
  expect(await socket.next()).toMatchObject({ event: "pusher_internal:subscription_succeeded", channel: "three" });
});

test("a client that floods is closed, one that keeps within the window is not", async () => {
  server = await startRealtime({ limits: { maxMessagesPerWindow: 3, messageWindowMs: 1_000 } });
  const socket = openSocket(server.port);
  await socket.established();
  const ping = async () => {
    socket.say("pusher:ping");
    expect(await socket.next()).toMatchObject({ event: "pusher:pong" });
  };
  for (let i = 0; i < 3; i++) await ping();
  server.advance(1_000);
  for (let i = 0; i < 3; i++) await ping();

  socket.say("pusher:ping");

  expect(await socket.closed).toMatchObject({ code: 4102 });
});
