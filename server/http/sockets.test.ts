import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { accountChannel } from "../contract/events";
import { DeviceId, type UserId } from "../contract/ids";
import { createSessionCheck } from "../services/session-check";
import { createWakeUp } from "../services/wake-up";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { buildDevice, buildPerson, removeDevice } from "../testing/people";
import { type Browser, PASSWORD } from "./testing/http-client";
import { startTestServer, type TestServer } from "./testing/test-server";

let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer(database.url);
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

type Me = { userId: UserId; sessionId: string };

async function giveDevice({ userId, sessionId }: Me): Promise<DeviceId> {
  const deviceId = DeviceId.parse(randomUUID());
  await database.query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [
    userId,
    deviceId,
    Buffer.alloc(33, 5),
  ]);
  await database.query("UPDATE sessions SET device_id = $2 WHERE session_id = $1", [sessionId, deviceId]);
  return deviceId;
}

type Signed = { auth: string; userData: string };

/** A socket of the process on `port`, listening to an account's channel with what `sign` gets for it. */
async function openSocket(port: number, channel: string, sign: (socketId: string) => Promise<{ signIn: Signed; auth: string }>) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/test-key?protocol=7`, { origin: `http://127.0.0.1:${port}` });
  const ask = async (event: string, data: unknown) => {
    socket.send(JSON.stringify({ event, data }));
    return String((await once(socket, "message"))[0]);
  };
  const established = JSON.parse(String((await once(socket, "message"))[0])) as { data: string };
  const { signIn, auth } = await sign((JSON.parse(established.data) as { socket_id: string }).socket_id);
  expect(await ask("pusher:signin", { auth: signIn.auth, user_data: signIn.userData })).toContain("signin_success");
  expect(await ask("pusher:subscribe", { channel, auth })).toContain("subscription_succeeded");
  const closed = once(socket, "close").then(([code]) => code as number);
  return { socket, channel, closed };
}

/** A signed-in browser with a device, listening to its account's channel; `port` is that of the process that holds the socket. */
async function listening(browser: Browser, me: Me, { port } = server) {
  await giveDevice(me);
  const channel = accountChannel(me.userId);
  return openSocket(port, channel, async (socketId) => ({
    signIn: (await browser.mutate("realtime.signIn", { socketId })).value as Signed,
    auth: ((await browser.mutate("realtime.authorize", { socketId, channel })).value as { auth: string }).auth,
  }));
}

async function person(name: string) {
  const browser = server.browser();
  const me = (await browser.signUp(name)).value as Me;
  return { browser, me, ...(await listening(browser, me)) };
}
const NEVER_RECONNECT = 4009;

test("events reach the account's own browser", async () => {
  const { socket, channel } = await person("alice");
  server.app.realtime.publish([{ channel, event: { name: "look", data: { logId: server.app.logId } } }]);
  expect(String((await once(socket, "message"))[0])).toContain('"event":"look"');
  socket.close();
});

test("signing out ends the session at once, and its socket", async () => {
  const { browser, closed } = await person("bob");
  const copy = server.browser();
  for (const [name, value] of browser.jar) copy.jar.set(name, value);
  expect((await copy.query("sessions.list")).status).toBe(200);
  await browser.signOut();
  expect((await copy.query("sessions.list")).status).toBe(401);
  expect(await closed).toBe(NEVER_RECONNECT);
});

test("a revoked session is refused at once and its socket ends; the revoker's stays", async () => {
  const { browser, socket, closed: ownClosed } = await person("carol");
  const other = server.browser();
  await other.signIn("carol");
  const me = (await other.query("accounts.me")).value as Me;
  const { closed } = await listening(other, me);
  expect((await other.query("sessions.list")).status).toBe(200);
  await browser.mutate("sessions.revoke", { sessionId: me.sessionId });
  expect((await other.query("sessions.list")).status).toBe(401);
  expect(await closed).toBe(NEVER_RECONNECT);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  await browser.mutate("accounts.changePassword", {
    currentPassword: PASSWORD,
    newPassword: "another long password",
    endOtherSessions: true,
  });
  expect(socket.readyState).toBe(WebSocket.OPEN);
  await browser.signOut();
  await ownClosed;
});

test("a deleted account's sockets end, those of its other sessions too", async () => {
  const { browser, closed } = await person("dave");
  const other = server.browser();
  await other.signIn("dave");
  const { closed: otherClosed } = await listening(other, (await other.query("accounts.me")).value as Me);
  await browser.mutate("accounts.deleteAccount", { password: PASSWORD });
  expect(await Promise.all([closed, otherClosed])).toEqual([NEVER_RECONNECT, NEVER_RECONNECT]);
});

/** Another process on the same database, as a balancer in front of several would have it. */
async function secondProcess() {
  const second = await startTestServer(database.url);
  const { pool: db, logId, realtime, log } = second.app;
  const wakeUp = createWakeUp({ databaseUrl: database.url, db, logId, realtime, tellAllToLook: () => {}, log });
  await wakeUp.start();
  /** The same browser, talking to the other process. */
  const browserOf = (here: Browser) => {
    const there = second.browser();
    for (const [name, value] of here.jar) there.jar.set(name, value);
    return there;
  };
  return {
    ...second,
    browserOf,
    async stop() {
      await wakeUp.stop();
      await second.close();
    },
  };
}

test("a session that ends in one process is refused and cut off in every other", async () => {
  const second = await secondProcess();
  const here = server.browser();
  const me = (await here.signUp("erin")).value as Me;
  const there = second.browserOf(here);
  const { closed } = await listening(there, me, second);
  expect((await there.query("sessions.list")).status).toBe(200);
  await here.signOut();
  expect(await closed).toBe(NEVER_RECONNECT);
  expect((await there.query("sessions.list")).status).toBe(401);
  await second.stop();
});

const MOST_MS = 5_000;

test("one process signs for a socket that another holds, and what is revoked through the one is cut off in the other within five seconds", async () => {
  const second = await secondProcess();
  const here = server.browser();
  const me = (await here.signUp("grace")).value as Me;
  const { socket, channel, closed } = await listening(here, me, second);
  const publish = () => second.app.realtime.publish([{ channel, event: { name: "look", data: { logId: second.app.logId } } }]);
  const heard: string[] = [];
  socket.on("message", (bytes) => heard.push(String(bytes)));
  publish();
  await once(socket, "message");
  const other = server.browser();
  await other.signIn("grace");
  await giveDevice((await other.query("accounts.me")).value as Me);
  const startedMs = performance.now();
  await other.mutate("sessions.revoke", { sessionId: me.sessionId });
  expect(await closed).toBe(NEVER_RECONNECT);
  expect(performance.now() - startedMs).toBeLessThan(MOST_MS);
  publish();
  expect(heard).toHaveLength(1);
  await second.stop();
});

test("a deleted account and a revoked device lose their sockets in every process within five seconds", async () => {
  const second = await secondProcess();
  const here = server.browser();
  const me = (await here.signUp("heidi")).value as Me;
  const { closed } = await listening(here, me, second);
  const startedMs = performance.now();
  await here.mutate("accounts.deleteAccount", { password: PASSWORD });
  expect(await closed).toBe(NEVER_RECONNECT);

  const carol = await buildPerson(second.app);
  const phone = await buildDevice(second.app, carol);
  const { realtime } = server.app;
  const channel = accountChannel(carol.userId);
  const socket = await openSocket(second.port, channel, async (socketId) => ({
    signIn: realtime.signIn(socketId, phone.caller),
    auth: realtime.authorize(socketId, channel),
  }));
  await removeDevice(server.app, carol, phone, carol.device);
  expect(await socket.closed).toBe(NEVER_RECONNECT);
  expect(performance.now() - startedMs).toBeLessThan(MOST_MS);
  await second.stop();
});

test("a session that expired is cut off at the next check", async () => {
  const { me, closed } = await person("frank");
  const { pool: db, realtime, log, now } = server.app;
  const check = createSessionCheck({ db, realtime, log, now });
  await check.run();
  expect(realtime.sessions()).toContain(me.sessionId);
  await database.query("UPDATE sessions SET expires_at = now() WHERE session_id = $1", [me.sessionId]);
  await check.run();
  expect(await closed).toBe(NEVER_RECONNECT);
  expect(realtime.sessions()).not.toContain(me.sessionId);
});
