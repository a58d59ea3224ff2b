import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PASSWORD_PROVIDER } from "../auth";
import type { AppContext, SessionContext } from "../context";
import { createTestApp, type TestApp } from "../testing/app";
import { notingErrors, untilWaiting } from "../testing/database";
import {
  buildAccount,
  buildChat,
  buildPerson,
  buildSession,
  makeEntry,
  makePrekeys,
  type TestAccount,
  type TestPerson,
} from "../testing/people";
import { createAckQueue } from "./ack-queue";
import { acknowledge } from "./acknowledge";
import { claimPrekeys } from "./claim-prekeys";
import { deleteAccount } from "./delete-account";
import { publishKeys } from "./publish-keys";
import { REAL_TIME } from "./retry-transient";
import { sendEntries } from "./send-entries";
import { createSendQueue } from "./send-queue";
import { serverInfo } from "./server-info";
import { signUp } from "./sign-up";

let app: TestApp;
let passwordHash: string;
beforeAll(async () => {
  app = await createTestApp({ env: { PARLEY_REGISTRATION: "invite" } });
  passwordHash = await app.auth.hashPassword(PASSWORD);
});
afterAll(() => app.close());

const PASSWORD = "correct horse battery";
const client = { ipAddress: "127.0.0.1", userAgent: "", setCookies: () => {} };

async function leave(account: TestAccount, through: AppContext = app): Promise<void> {
  const { userId } = account;
  await app.prisma.credential.create({
    data: { credentialId: userId, userId, accountId: userId, providerId: PASSWORD_PROVIDER, password: passwordHash },
  });
  const ctx: SessionContext = { ...client, app: through, caller: await buildSession(app, account) };
  await deleteAccount(ctx, { password: PASSWORD });
}
const rowsOf = async (table: string, column: string, id: string) =>
  (await app.pool.query(`SELECT 1 FROM ${table} WHERE ${column} = $1`, [id])).rowCount;

/** The services of a server whose failed statements are noted. */
function watched() {
  const { db, errors } = notingErrors(app.pool);
  const queues = {
    ackQueue: createAckQueue({ ...REAL_TIME, wait: () => Promise.resolve(), db }),
    sendQueue: createSendQueue({ ...REAL_TIME, db, reportBadEntry: () => {} }),
  };
  return { through: { ...app, ...queues, pool: db as unknown as pg.Pool }, errors };
}

test("an account that is deleted while its device acknowledges, claims and sends are under way leaves nothing and locks nobody out", async () => {
  const leaver = await buildPerson(app, { oneTime: 20, kemOneTime: 5 });
  const peers = await Promise.all(Array.from({ length: 6 }, () => buildPerson(app)));
  const chats = await Promise.all(peers.map((peer) => buildChat(app, leaver, peer)));
  const { through, errors } = watched();
  const { caller, deviceId, privateKey } = leaver.device;
  let leaving = true;
  const whileLeaving = async (step: (n: number) => Promise<unknown>) => {
    for (let n = 1; leaving; n++) await step(n);
  };
  const marks = (seq: number) => chats.map(({ chatId }) => ({ chatId, seq }));
  const send = (peer: TestPerson, chat: (typeof chats)[number], sendCounter: number) =>
    sendEntries(through, peer.device.caller, { entries: [makeEntry(chat, [leaver.device], { sendCounter })] });
  const work = [
    ...peers.map((peer, i) => whileLeaving((n) => send(peer, chats[i] as (typeof chats)[number], n))),
    whileLeaving((n) => acknowledge(through, caller, { logId: app.logId, delivered: marks(n), read: marks(n) })),
    whileLeaving((n) => acknowledge(through, caller, { logId: app.logId, delivered: marks(n).reverse(), read: [] })),
    whileLeaving(() => claimPrekeys(through, (peers[0] as TestPerson).device.caller, { userId: leaver.userId, deviceIds: [deviceId] })),
    whileLeaving((n) => publishKeys(through, caller, makePrekeys(privateKey, { firstKeyId: 1000 * n })).catch(() => {})),
  ];
  await Promise.all(peers.map((peer, i) => send(peer, chats[i] as (typeof chats)[number], 1)));
  await leave(leaver, through);
  leaving = false;
  await Promise.all(work);
  expect(errors.filter((code) => code !== "23514")).toEqual([]);
  for (const table of ["message_parts", "device_cursors", "devices", "encryption_keys", "one_time_prekeys", "spent_prekeys"]) {
    expect([table, await rowsOf(table, "device_id", deviceId)]).toEqual([table, 0]);
  }
  for (const table of ["sessions", "credentials"]) expect([table, await rowsOf(table, "user_id", leaver.userId)]).toEqual([table, 0]);
});

test("a deletion waits for what is being sent to the account and acknowledged by it, in an order that locks nobody out", async () => {
  const leaver = await buildPerson(app);
  const { deviceId } = leaver.device;
  const chats = await Promise.all(Array.from({ length: 4 }, async () => buildChat(app, leaver, await buildPerson(app))));
  const [first = "", ...later] = chats.map(({ chatId }) => chatId as string).toSorted();
  const [sending, acknowledging] = [await app.pool.connect(), await app.pool.connect()];
  for (const client of [sending, acknowledging]) await client.query("BEGIN");
  await sending.query("SELECT 1 FROM chats WHERE chat_id = ANY ($1) ORDER BY chat_id FOR NO KEY UPDATE", [later]);
  await sending.query("INSERT INTO message_parts (chat_id, device_id, seq, ciphertext) VALUES ($1, $2, 3, 'x')", [later.at(-1), deviceId]);
  const lockCursors = "SELECT 1 FROM device_cursors WHERE chat_id = ANY ($1) AND device_id = $2 ORDER BY chat_id FOR NO KEY UPDATE";
  const { through, errors } = watched();
  const leaving = leave(leaver, through);
  await untilWaiting(app.pool, 1);
  await acknowledging.query(lockCursors, [[first], deviceId]);
  await sending.query("COMMIT");
  await acknowledging.query(lockCursors, [later, deviceId]);
  await acknowledging.query("COMMIT");
  for (const client of [sending, acknowledging]) client.release();
  await leaving;
  expect(errors).toEqual([]);
  for (const table of ["message_parts", "device_cursors"]) expect([table, await rowsOf(table, "device_id", deviceId)]).toEqual([table, 0]);
});

test("when the only administrator leaves, the oldest active account becomes one; accounts that leave beside it are passed over", async () => {
  await app.pool.query("UPDATE users SET is_admin = false, status = 'deleted'");
  const [admin, gone, halted, ...others] = (await Promise.all(Array.from({ length: 8 }, () => buildAccount(app)))) as [
    TestAccount,
    TestAccount,
    TestAccount,
    ...TestAccount[],
  ];
  const age = (account: TestAccount, days: number, status = "active") =>
    app.pool.query("UPDATE users SET created_at = now() - $2 * interval '1 day', status = $3 WHERE user_id = $1", [
      account.userId,
      days,
      status,
    ]);
  await app.prisma.user.update({ where: { userId: admin.userId }, data: { isAdmin: true } });
  await age(gone, 30, "deleted");
  await age(halted, 20, "suspended");
  for (const [i, account] of others.entries()) await age(account, 10 - i);
  const [leaving, ...staying] = others;
  const beside = await app.pool.connect();
  await beside.query("BEGIN");
  await beside.query("SELECT delete_account($1)", [leaving?.userId]);
  const left = leave(admin);
  await untilWaiting(app.pool, 1);
  await beside.query("COMMIT");
  beside.release();
  await left;
  const admins = await app.prisma.user.findMany({ where: { isAdmin: true }, select: { userId: true, status: true } });
  expect(admins).toEqual([{ userId: staying[0]?.userId, status: "active" }]);
});

test("an administrator who is not the only one leaves without a successor", async () => {
  const [first, second, bystander] = [await buildAccount(app), await buildAccount(app), await buildAccount(app)];
  await app.pool.query("UPDATE users SET is_admin = user_id = ANY ($1)", [[first.userId, second.userId]]);
  await leave(first);
  const admins = await app.prisma.user.findMany({ where: { isAdmin: true }, select: { userId: true } });
  expect(admins).toEqual([{ userId: second.userId }]);
  await leave(bystander);
});

test("after the last account left, the next one begins the server anew", async () => {
  const ctx = { ...client, app, caller: null };
  expect((await serverInfo(ctx)).firstAccount).toBe(false);
  await app.pool.query("UPDATE users SET is_admin = false, status = 'deleted'");
  const last = await buildAccount(app);
  await app.prisma.user.update({ where: { userId: last.userId }, data: { isAdmin: true } });
  await leave(last);
  expect((await serverInfo(ctx)).firstAccount).toBe(true);
  expect(await signUp(ctx, { username: "newcomer", password: PASSWORD })).toMatchObject({ isAdmin: true });
  await expect(signUp(ctx, { username: "stranger", password: PASSWORD })).rejects.toMatchObject({ code: "forbidden" });
});
