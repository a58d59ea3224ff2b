import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { accountChannel } from "../contract/events";
import type { UserId } from "../contract/ids";
import { createSessionCheck } from "../services/session-check";
import { createWakeUp } from "../services/wake-up";
import { createTestDatabase, type TestDatabase } from "../testing/database";
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

/** A signed-in browser with a device, listening to its account's channel. */
async function listening(browser: Browser, { userId, sessionId }: { userId: UserId; sessionId: string }, { port } = server) {
  const deviceId = randomUUID();
  await database.query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [
    userId,
    deviceId,
    Buffer.alloc(33, 5),
  ]);
  await database.query("UPDATE sessions SET device_id = $2 WHERE session_id = $1", [sessionId, deviceId]);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/test-key?protocol=7`, { origin: `http://127.0.0.1:${port}` });
  const established = JSON.parse(String((await once(socket, "message"))[0])) as { data: string };
  const { socket_id: socketId } = JSON.parse(established.data) as { socket_id: string };
  const channel = accountChannel(userId);
  const { auth } = (await browser.mutate("realtime.authorize", { socketId, channel })).value as { auth: string };
  socket.send(JSON.stringify({ event: "pusher:subscribe", data: { channel, auth } }));
  expect(String((await once(socket, "message"))[0])).toContain("subscription_succeeded");
  const closed = once(socket, "close").then(([code]) => code as number);
  return { socket, channel, closed };
}

async function person(name: string) {
  const browser = server.browser();
  const me = (await browser.signUp(name)).value as { userId: UserId; sessionId: string };
  return { browser, me, ...(await listening(browser, me)) };
}
const NEVER_RECONNECT = 4009;

test("events reach the account's own browser", async () => {
  const { socket, channel } = await person("alice");
  server.app.realtime.publish([{ channel, event: { name: "look", data: { logId: server.app.logId } } }]);
  expect(String((await once(socket, "message"))[0])).toContain('"event":"look"');
  expect(server.app.realtime.channels()).toContain(channel);
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
  const me = (await other.query("accounts.me")).value as { userId: UserId; sessionId: string };
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
  const { closed: otherClosed } = await listening(other, (await other.query("accounts.me")).value as { userId: UserId; sessionId: string });
  await browser.mutate("accounts.deleteAccount", { password: PASSWORD });
  expect(await Promise.all([closed, otherClosed])).toEqual([NEVER_RECONNECT, NEVER_RECONNECT]);
});

test("a session that ends in one process is refused and cut off in every other", async () => {
  const second = await startTestServer(database.url);
  const { pool: db, logId, realtime, log } = second.app;
  const wakeUp = createWakeUp({ databaseUrl: database.url, db, logId, realtime, tellAllToLook: () => {}, log });
  await wakeUp.start();
  const here = server.browser();
  const me = (await here.signUp("erin")).value as { userId: UserId; sessionId: string };
  const there = second.browser();
  for (const [name, value] of here.jar) there.jar.set(name, value);
  const { closed } = await listening(there, me, second);
  expect((await there.query("sessions.list")).status).toBe(200);
  await here.signOut();
  expect(await closed).toBe(NEVER_RECONNECT);
  expect((await there.query("sessions.list")).status).toBe(401);
  await wakeUp.stop();
  await second.close();
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
