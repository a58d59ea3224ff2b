import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_SESSIONS_PER_ACCOUNT } from "../contract/limits";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { PASSWORD } from "./testing/http-client";
import { startTestServer, type TestServer } from "./testing/test-server";

let server: TestServer;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer(database.url);
  await server.browser().signUp("admin");
});
const twoBrowsers = async (name: string) => {
  const [here, there] = [server.browser({ "user-agent": "here" }), server.browser({ "user-agent": "there" })];
  await here.signUp(name);
  await there.signIn(name);
  return { here, there };
};

test("sessions are listed with where they are, and a revoked one is refused at once", async () => {
  const { here, there } = await twoBrowsers("alice");
  expect((await there.query("sessions.list")).status).toBe(200);
  const sessions = (await here.query("sessions.list")).value as {
    sessionId: string;
    current: boolean;
    userAgent: string;
    ipAddress: string;
  }[];
  expect(sessions.map(({ current, userAgent, ipAddress }) => ({ current, userAgent, ipAddress }))).toEqual(
    expect.arrayContaining([
      { current: true, userAgent: "here", ipAddress: "127.0.0.1" },
      { current: false, userAgent: "there", ipAddress: "127.0.0.1" },
    ]),
  );
  const other = sessions.find(({ current }) => !current)?.sessionId;
  expect((await here.mutate("sessions.revoke", { sessionId: other })).status).toBe(200);
  expect(await there.query("sessions.list")).toMatchObject({ status: 401, code: "unauthorized" });
  expect((await here.query("sessions.list")).status).toBe(200);
  expect(await here.mutate("sessions.revoke", { sessionId: other })).toMatchObject({ status: 404, code: "not_found" });
});

test("of too many sessions the one that was unused for longest ends, so that each can be seen and revoked", async () => {
  const { here, there } = await twoBrowsers("collector");
  const { userId } = (await here.query("accounts.me")).value as { userId: string };
  await database.query("UPDATE sessions SET updated_at = now() - interval '1 minute' WHERE user_id = $1 AND user_agent = 'there'", [
    userId,
  ]);
  await database.query(
    `INSERT INTO sessions (session_id, user_id, token, expires_at) SELECT gen_random_uuid(), $1, gen_random_uuid(), now() + interval '1 day'
     FROM generate_series(1, ${MAX_SESSIONS_PER_ACCOUNT - 2})`,
    [userId],
  );
  expect((await here.query("sessions.list")).value).toHaveLength(MAX_SESSIONS_PER_ACCOUNT);
  await server.browser().signIn("collector");
  expect((await here.query("sessions.list")).value).toHaveLength(MAX_SESSIONS_PER_ACCOUNT);
  expect((await there.query("sessions.list")).status).toBe(401);
});

test("another account's session cannot be revoked", async () => {
  const { here } = await twoBrowsers("victim");
  const { sessionId } = (await here.query("accounts.me")).value as { sessionId: string };
  const stranger = server.browser();
  await stranger.signUp("stranger");
  expect(await stranger.mutate("sessions.revoke", { sessionId })).toMatchObject({ status: 404, code: "not_found" });
  expect((await here.query("sessions.list")).status).toBe(200);
});

test("changing the password needs the current one and can end the other sessions", async () => {
  const { here, there } = await twoBrowsers("changer");
  const change = (currentPassword: string, endOtherSessions: boolean) =>
    here.mutate("accounts.changePassword", { currentPassword, newPassword: "another long password", endOtherSessions });
  expect(await change("wrong", true)).toMatchObject({ status: 401, code: "unauthorized" });
  expect((await there.query("sessions.list")).status).toBe(200);
  expect((await change(PASSWORD, true)).status).toBe(200);
  expect((await there.query("sessions.list")).status).toBe(401);
  expect((await here.query("sessions.list")).status).toBe(200);
  expect((await there.signIn("changer", PASSWORD)).status).toBe(401);
  expect((await there.signIn("changer", "another long password")).status).toBe(200);
});

test("a deleted account is signed out everywhere, cannot sign in, leaves no keys, and its name stays taken", async () => {
  const { here, there } = await twoBrowsers("leaver");
  const { userId } = (await here.query("accounts.me")).value as { userId: string };
  await giveDevice(database, userId);
  expect(await here.mutate("accounts.deleteAccount", { password: "wrong" })).toMatchObject({ status: 401 });
  expect((await here.mutate("accounts.deleteAccount", { password: PASSWORD })).status).toBe(200);
  expect(here.jar.size).toBe(0);
  expect((await there.query("sessions.list")).status).toBe(401);
  expect((await server.browser().signIn("leaver")).text).toBe('{"code":"unauthorized"}');
  expect(await server.browser().signUp("leaver")).toMatchObject({ status: 409, code: "username_taken" });
  for (const table of ["sessions", "credentials", "devices", "encryption_keys", "one_time_prekeys"]) {
    expect(await database.query(`SELECT 1 FROM ${table} WHERE user_id = $1`, [userId])).toEqual([]);
  }
  expect(await database.query("SELECT count(*)::int AS parts FROM message_parts")).toEqual([{ parts: 1 }]);
  expect(await database.query("SELECT count(*)::int AS cursors FROM device_cursors")).toEqual([{ cursors: 1 }]);
  expect(await database.query("SELECT 1 FROM device_manifests WHERE user_id = $1", [userId])).toHaveLength(1);
});

test("finding tells who can be written to, and looks the same for everyone else", async () => {
  const ids = new Map<string, string>();
  for (const name of ["present", "gone", "halted", "keyless"]) {
    const browser = server.browser();
    const { userId } = (await browser.signUp(name)).value as { userId: string };
    ids.set(name, userId);
    if (name !== "keyless") await database.query(MANIFEST, [userId]);
  }
  await database.query("UPDATE users SET status = 'deleted' WHERE username = 'gone'");
  await database.query("UPDATE users SET status = 'suspended' WHERE username = 'halted'");
  const seeker = server.browser();
  await seeker.signUp("seeker");
  const find = async (username: string) => (await seeker.mutate("accounts.find", { username })).reply;
  expect((await find("present")).json).toEqual({ result: { data: { userId: ids.get("present") } } });
  const others = await Promise.all(["gone", "halted", "keyless", "absent"].map(find));
  expect(new Set(others.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 {"result":{"data":{"userId":null}}}']));
  expect((await seeker.mutate("accounts.find", { username: "pre" })).value).toEqual({ userId: null });
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

test("what an account does to itself leaves no names or passwords in the log", () => {
  expect(server.logged.join("")).not.toMatch(/leaver|seeker|changer|collector|correct horse|another long|parley_session/);
});

const bytes = (size: number) => Buffer.alloc(size, 5);
const MANIFEST = `INSERT INTO device_manifests (user_id, generation, version, manifest, signature) VALUES ($1, 1, 1, decode('00', 'hex'), decode(repeat('00', 64), 'hex'))`;

/** A device with keys, a cursor and a part of its own, beside those of somebody else. */
async function giveDevice({ query }: TestDatabase, userId: string): Promise<void> {
  const [deviceId, otherDeviceId, chatId] = [randomUUID(), randomUUID(), randomUUID()];
  await query(MANIFEST, [userId]);
  await query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [userId, deviceId, bytes(33)]);
  await query(
    `INSERT INTO encryption_keys (user_id, device_id, key_id, key_type, public_key, signature, created_at)
     VALUES ($1, $2, 1, 'signed_prekey', $3, $4, now())`,
    [userId, deviceId, bytes(33), bytes(64)],
  );
  await query(
    "INSERT INTO one_time_prekeys (user_id, device_id, key_id, key_type, public_key, created_at) VALUES ($1, $2, 1, 'ec', $3, now())",
    [userId, deviceId, bytes(33)],
  );
  for (const device of [deviceId, otherDeviceId]) {
    await query("INSERT INTO device_cursors (chat_id, device_id, start_seq, acknowledged_seq) VALUES ($1, $2, 0, 0)", [chatId, device]);
    await query("INSERT INTO message_parts (chat_id, device_id, seq, ciphertext) VALUES ($1, $2, 1, $3)", [chatId, device, bytes(1)]);
  }
}
