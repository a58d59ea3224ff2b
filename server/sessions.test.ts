import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UserId } from "./contract/ids";
import { createDatabase, type Database } from "./database";
import { createLogger } from "./log";
import { createSessions } from "./sessions";
import { createTestDatabase, type TestDatabase } from "./testing/database";

const DAY_MS = 86_400_000;
let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = createDatabase({ url: testDatabase.url, log: createLogger("silent"), max: 2 });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** A signed-in person with a device, and a clock that the test moves. */
async function signedIn() {
  const [userId, deviceId, token] = [randomUUID() as UserId, randomUUID(), randomUUID()];
  const username = `p${userId.slice(0, 8)}`;
  const { query } = testDatabase;
  await query("INSERT INTO users (user_id, username, email) VALUES ($1, $2, $3)", [userId, username, `${userId}@invalid`]);
  await query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [userId, deviceId, Buffer.alloc(33, 5)]);
  await query(
    "INSERT INTO sessions (session_id, user_id, token, device_id, expires_at) VALUES ($1, $2, $3, $4, now() + interval '60 days')",
    [`session ${token}`, userId, token, deviceId],
  );
  const clock = { ms: Date.now() };
  const sessions = createSessions({ pool: database.pool, now: () => new Date(clock.ms) });
  const expiry = async () =>
    ((await query("SELECT expires_at FROM sessions WHERE token = $1", [token]))[0]?.expires_at as Date | undefined)?.getTime() ?? 0;
  return { userId, deviceId, token, username, clock, sessions, expiry };
}

test("finds the account and device of a token", async () => {
  const { userId, deviceId, token, username, sessions } = await signedIn();
  expect(await sessions.find(token)).toEqual({
    userId,
    deviceId,
    username,
    sessionId: `session ${token}`,
    isAdmin: false,
    renewCookie: false,
  });
  expect(await sessions.find("no such token")).toBeNull();
});

test("an answer is kept for two seconds, unless the session was ended here", async () => {
  const { token, clock, sessions } = await signedIn();
  expect(await sessions.find(token)).not.toBeNull();
  await testDatabase.query("DELETE FROM sessions WHERE token = $1", [token]);
  expect(await sessions.find(token)).not.toBeNull();
  clock.ms += 2_001;
  expect(await sessions.find(token)).toBeNull();

  const other = await signedIn();
  await other.sessions.find(other.token);
  await testDatabase.query("DELETE FROM sessions WHERE token = $1", [other.token]);
  other.sessions.forgetSession(`session ${other.token}`);
  expect(await other.sessions.find(other.token)).toBeNull();
});

test("an answer that was under way when the session ended is not kept", async () => {
  const { token, sessions, userId } = await signedIn();
  const underWay = sessions.find(token);
  sessions.forgetAccount(userId);
  await underWay;
  await testDatabase.query("DELETE FROM sessions WHERE token = $1", [token]);
  expect(await sessions.find(token)).toBeNull();
});

test("a revoked device is none, and a new device is seen at once", async () => {
  const { token, deviceId, userId, sessions } = await signedIn();
  await testDatabase.query("UPDATE devices SET revoked_at = now() WHERE device_id = $1", [deviceId]);
  expect(await sessions.find(token)).toMatchObject({ deviceId: null });
  const next = randomUUID();
  await testDatabase.query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [
    userId,
    next,
    Buffer.alloc(33, 5),
  ]);
  await testDatabase.query("UPDATE sessions SET device_id = $2 WHERE token = $1", [token, next]);
  expect(await sessions.find(token)).toMatchObject({ deviceId: next });
});

test("another account's device is none", async () => {
  const [alice, bob] = [await signedIn(), await signedIn()];
  await testDatabase.query("UPDATE sessions SET device_id = $2 WHERE token = $1", [alice.token, bob.deviceId]);
  expect(await alice.sessions.find(alice.token)).toMatchObject({ deviceId: null });
});

test("a session in use lasts, its cookie is renewed once a day, and one that nobody uses ends after 60 days", async () => {
  const { token, clock, sessions, expiry } = await signedIn();
  clock.ms += 2 * DAY_MS;
  expect(await sessions.find(token)).toMatchObject({ renewCookie: true });
  expect(Math.abs((await expiry()) - (clock.ms + 60 * DAY_MS))).toBeLessThan(1000);
  expect(await sessions.find(token)).toMatchObject({ renewCookie: false });
  clock.ms += 60 * DAY_MS + 1000;
  expect(await sessions.find(token)).toBeNull();
});

test("last use is written down every few minutes, for session, account and device", async () => {
  const { token, clock, sessions, userId } = await signedIn();
  const seen = async () =>
    (
      await testDatabase.query(
        "SELECT s.updated_at, u.last_seen_at AS user_seen, d.last_seen_at AS device_seen FROM sessions s JOIN users u USING (user_id) JOIN devices d USING (user_id) WHERE user_id = $1",
        [userId],
      )
    )[0];
  await sessions.find(token);
  expect(await seen()).toMatchObject({ user_seen: null, device_seen: null });
  clock.ms += 6 * 60_000;
  await sessions.find(token);
  const at = new Date(clock.ms);
  expect(await seen()).toEqual({ updated_at: at, user_seen: at, device_seen: at });
});

test("last use is not written down while somebody changes the account, and nobody waits for it", async () => {
  const { token, clock, sessions, userId, expiry } = await signedIn();
  const before = await expiry();
  clock.ms += 6 * 60_000;
  const changing = await testDatabase.pool.connect();
  await changing.query("BEGIN");
  await changing.query("SELECT 1 FROM users WHERE user_id = $1 FOR NO KEY UPDATE", [userId]);
  expect(await sessions.find(token)).not.toBeNull();
  await changing.query("ROLLBACK");
  changing.release();
  expect(await expiry()).toBe(before);
});
