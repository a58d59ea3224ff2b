import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo } from "../contract/chats";
import { MESSAGE_RETENTION_DAYS } from "../contract/limits";
import { createTestApp, type TestApp } from "../testing/app";
import { buildChat, buildDevice, buildPerson, buildSession, makeEntry, type TestPerson } from "../testing/people";
import { pullEntries } from "./pull-entries";
import { createRetention } from "./retention";
import { sendEntries } from "./send-entries";

let app: TestApp;
let alice: TestPerson;
beforeAll(async () => {
  app = await createTestApp();
  alice = await buildPerson(app);
});
afterAll(() => app.close());

const DAY_MS = 86_400_000;
const retention = (now = new Date()) => createRetention({ db: app.pool, log: { info: () => {}, warn: () => {} }, now: () => now });

async function freshChat(count: number): Promise<{ peer: TestPerson; chat: ChatInfo }> {
  const peer = await buildPerson(app);
  const chat = await buildChat(app, alice, peer);
  await sendEntries(app, alice.device.caller, { entries: Array.from({ length: count }, () => makeEntry(chat, [peer.device])) });
  return { peer, chat };
}
const age = (chat: ChatInfo, untilSeq: number, days: number) =>
  app.pool.query("UPDATE messages SET timestamp = timestamp - $3 * interval '1 day' WHERE chat_id = $1 AND seq <= $2", [
    chat.chatId,
    untilSeq,
    days,
  ]);
async function stateOf({ chatId }: ChatInfo) {
  const { rows } = await app.pool.query(
    `SELECT floor_seq::int AS floor, (SELECT array_agg(seq::int ORDER BY seq) FROM messages m WHERE m.chat_id = c.chat_id) AS seqs,
       (SELECT array_agg(seq::int ORDER BY seq) FROM message_parts p WHERE p.chat_id = c.chat_id) AS parts FROM chats c WHERE chat_id = $1`,
    [chatId],
  );
  return rows[0];
}

test("old messages and their parts go, statements stay, and the floor says how far", async () => {
  const { chat } = await freshChat(5);
  await age(chat, 5, MESSAGE_RETENTION_DAYS + 1);
  expect(await retention().run()).toBe(3);
  expect(await stateOf(chat)).toEqual({ floor: 5, seqs: [1, 2, 6, 7], parts: [6, 7] });
  expect(await retention().run()).toBe(0);
});

test("nothing younger than the promise goes, acknowledged or not", async () => {
  const { chat } = await freshChat(2);
  await age(chat, 4, MESSAGE_RETENTION_DAYS - 1);
  expect(await retention().run()).toBe(0);
  expect(await stateOf(chat)).toEqual({ floor: 0, seqs: [1, 2, 3, 4], parts: [3, 4] });
});

test("an old entry behind a younger one stays: removal is by prefix", async () => {
  const { chat } = await freshChat(3);
  await age(chat, 5, MESSAGE_RETENTION_DAYS + 1);
  await app.pool.query("UPDATE messages SET timestamp = now() WHERE chat_id = $1 AND seq = 4", [chat.chatId]);
  await retention().run();
  expect(await stateOf(chat)).toEqual({ floor: 3, seqs: [1, 2, 4, 5], parts: [4, 5] });
});

test("more than one step of entries is removed in one run, and a later statement is kept", async () => {
  const { peer, chat } = await freshChat(1);
  await app.pool.query(
    `INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind) SELECT $1, n, gen_random_uuid(), $2, $3, 1 FROM generate_series(4, 11003) n`,
    [chat.chatId, alice.userId, alice.device.deviceId],
  );
  await app.pool.query("UPDATE chats SET last_seq = 11003 WHERE chat_id = $1", [chat.chatId]);
  await buildDevice(app, peer);
  await age(chat, 11_004, MESSAGE_RETENTION_DAYS + 1);
  expect(await retention().run()).toBe(11_001);
  expect(await stateOf(chat)).toEqual({ floor: 11_004, seqs: [1, 2, 11_004], parts: null });
  const pulled = await pullEntries(app, alice.device.caller, {
    cursors: [{ chatId: chat.chatId, seq: 2, messageId: null }],
    watermarksOf: [],
  });
  expect(pulled.chats.find(({ chatId }) => chatId === chat.chatId)).toMatchObject({
    floorSeq: 11_004,
    lastSeq: 11_004,
    entries: [{ seq: 11_004 }],
  });
});

test("sends and removal at once leave a log whose floor and end are right", async () => {
  const { chat } = await freshChat(20);
  await age(chat, 22, MESSAGE_RETENTION_DAYS + 1);
  const sends = Array.from({ length: 20 }, () => sendEntries(app, alice.device.caller, { entries: [makeEntry(chat)] }));
  await Promise.all([retention().run(), retention().run(), ...sends]);
  expect(await stateOf(chat)).toEqual({ floor: 22, seqs: [1, 2, ...Array.from({ length: 20 }, (_, i) => i + 23)], parts: null });
});

test("expired sessions, unused invites and the ids of spent prekeys go, present ones stay", async () => {
  const now = new Date();
  const later = new Date(now.getTime() + 10 * DAY_MS);
  const session = await buildSession(app, alice);
  await app.prisma.session.update({ where: { sessionId: session.sessionId }, data: { expiresAt: later } });
  const invite = (code: string, expiresAt: Date, usedBy: string | null) =>
    app.prisma.invite.create({ data: { code, createdBy: alice.userId, expiresAt, usedBy } });
  await invite("expired", now, null);
  await invite("used", now, alice.userId);
  await app.prisma.spentPrekey.create({ data: { userId: alice.userId, deviceId: randomUUID(), keyType: "ec", keyId: 1, spentAt: now } });
  await retention(now).run();
  expect(await app.prisma.spentPrekey.count()).toBe(1);
  expect(await app.prisma.invite.count()).toBe(2);
  await retention(new Date(now.getTime() + (MESSAGE_RETENTION_DAYS + 11) * DAY_MS)).run();
  expect(await app.prisma.session.findUnique({ where: { sessionId: session.sessionId } })).toBeNull();
  expect((await app.prisma.invite.findMany()).map(({ code }) => code)).toEqual(["used"]);
  expect(await app.prisma.spentPrekey.count()).toBe(0);
});

test("a started job runs at once and can be stopped", async () => {
  const { chat } = await freshChat(1);
  await age(chat, 3, MESSAGE_RETENTION_DAYS + 1);
  const removed = new Promise<number | undefined>((resolve) => {
    const job = createRetention({
      db: app.pool,
      log: { info: (_, fields) => void job.stop().then(() => resolve(fields?.count)), warn: () => {} },
      now: () => new Date(),
    });
    job.start();
  });
  expect(await removed).toBe(1);
});
