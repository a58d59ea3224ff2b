import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo, SendEntry, SendResult } from "../contract/chats";
import { createTestApp, type TestApp } from "../testing/app";
import { notingErrors } from "../testing/database";
import {
  buildChat,
  buildDevice,
  buildPerson,
  makeDevice,
  makeEntry,
  removeDevice,
  type TestDevice,
  type TestPerson,
} from "../testing/people";
import { REAL_TIME } from "./retry-transient";
import { sendEntries } from "./send-entries";
import { createSendQueue, type SendQueue } from "./send-queue";

let app: TestApp;
let alice: TestPerson;
let bob: TestPerson;
let chat: ChatInfo;
beforeAll(async () => {
  app = await createTestApp();
  [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  chat = await buildChat(app, alice, bob);
});
afterAll(() => app.close());

async function send(device: TestDevice, ...entries: SendEntry[]): Promise<SendResult[]> {
  return (await sendEntries(app, device.caller, { entries })).results;
}
const seqOf = (result: SendResult | undefined) => (result?.outcome === "accepted" ? result.seq : undefined);
const codeOf = (result: SendResult | undefined) => (result?.outcome === "refused" ? result.code : result?.outcome);
const freshChat = async () => buildChat(app, alice, await buildPerson(app));
async function partsOf(chatId: string): Promise<{ device_id: string; seq: string }[]> {
  return (await app.pool.query("SELECT device_id, seq FROM message_parts WHERE chat_id = $1 ORDER BY seq, device_id", [chatId])).rows;
}

test("entries of one call get the next places of the log in their order", async () => {
  const results = await send(alice.device, makeEntry(chat, [bob.device]), makeEntry(chat, [bob.device]), makeEntry(chat, [bob.device]));
  expect(results.map(seqOf)).toEqual([3, 4, 5]);
});

test("a repeated messageId gets the answer it got first", async () => {
  const entry = makeEntry(chat, [bob.device]);
  const [first] = await send(alice.device, entry);
  expect(await send(alice.device, entry)).toEqual([first]);
  expect(await send(alice.device, { ...entry, audienceSeq: 1, parts: [] })).toEqual([first]);
});

test("one messageId sent at once through several processes is stored once and answered alike", async () => {
  const mine = await freshChat();
  const queues = Array.from({ length: 4 }, () => createSendQueue({ ...REAL_TIME, db: app.pool, reportBadEntry: () => {} }));
  const entries = Array.from({ length: 25 }, () => makeEntry(mine));
  const answers = await Promise.all(
    queues.map((sendQueue) =>
      Promise.all(entries.map((entry) => sendEntries({ ...app, sendQueue }, alice.device.caller, { entries: [entry] }))),
    ),
  );
  for (const others of answers) expect(others).toEqual(answers[0]);
  expect(new Set(answers[0]?.map(({ results }) => seqOf(results[0]))).size).toBe(25);
});

test("many senders at once leave no gap and take no place twice", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const phone = await buildDevice(app, carol);
  const mine = await buildChat(app, carol, dan);
  const { db, errors } = notingErrors(app.pool);
  const queues = Array.from({ length: 3 }, () => createSendQueue({ ...REAL_TIME, db, reportBadEntry: () => {} }));
  const devices = [carol.device, phone, dan.device];
  const calls = Array.from({ length: 300 }, (_, i) => {
    const sendQueue = queues[i % 3] as SendQueue;
    const { caller } = devices[Math.floor(i / 3) % 3] as TestDevice;
    return sendEntries({ ...app, sendQueue }, caller, { entries: [makeEntry(mine), makeEntry(mine)] });
  });
  const seqs = (await Promise.all(calls)).flatMap(({ results }) => results.map(seqOf)).sort((x = 0, y = 0) => x - y);
  expect(seqs).toEqual(Array.from({ length: 600 }, (_, i) => i + 3));
  expect(errors).toEqual([]);
  const { rows } = await app.pool.query("SELECT count(*)::int, max(seq)::int FROM messages WHERE chat_id = $1", [mine.chatId]);
  expect(rows).toEqual([{ count: 602, max: 602 }]);
});

test("a messageId of another device is refused, and what comes after it in that chat may be sent again", async () => {
  const entry = makeEntry(chat, [bob.device]);
  await send(alice.device, entry);
  const other = await freshChat();
  const results = await send(bob.device, makeEntry(chat), { ...entry, parts: [] }, makeEntry(chat), makeEntry(other));
  expect(results.map(codeOf)).toEqual(["accepted", "id_taken", "unavailable", "not_member"]);
});

test("a stranger's entry is refused, and so is one for a chat that does not exist", async () => {
  const mallory = await buildPerson(app);
  expect((await send(mallory.device, makeEntry(chat))).map(codeOf)).toEqual(["not_member"]);
  expect((await send(alice.device, makeEntry({ ...chat, chatId: makeEntry(chat).messageId as never }))).map(codeOf)).toEqual([
    "not_member",
  ]);
});

test("a revoked device's entry is refused, and its parts and cursors are gone", async () => {
  const phone = await buildDevice(app, bob);
  const now = { ...chat, audienceSeq: chat.audienceSeq + (await manifestsSince(chat)) };
  await send(alice.device, makeEntry(now, [bob.device, phone]));
  expect((await partsOf(chat.chatId)).some(({ device_id }) => device_id === phone.deviceId)).toBe(true);
  await removeDevice(app, bob, phone, bob.device);
  expect((await send(phone, makeEntry(now))).map(codeOf)).toEqual(["device_required"]);
  expect((await partsOf(chat.chatId)).some(({ device_id }) => device_id === phone.deviceId)).toBe(false);
});

async function manifestsSince({ chatId, audienceSeq }: ChatInfo): Promise<number> {
  const { rows } = await app.pool.query("SELECT audience_seq::int - $2::int AS n FROM chats WHERE chat_id = $1", [chatId, audienceSeq]);
  return rows[0].n;
}

test("a stale audience is answered with what is missing, for the later entries of that chat too, while other chats go on", async () => {
  const [dora, erin] = [await buildPerson(app), await buildPerson(app)];
  const [old, other] = [await buildChat(app, dora, erin), await buildChat(app, dora, alice)];
  await buildDevice(app, erin);
  const [first, second, third] = await send(dora.device, makeEntry(old), makeEntry(old), makeEntry(other));
  expect(first).toMatchObject({
    outcome: "stale_audience",
    audienceSeq: 3,
    missing: [{ seq: 3, kind: "manifest", senderId: erin.userId }],
  });
  expect(second).toEqual({ ...first, messageId: second?.messageId });
  expect(codeOf(third)).toBe("accepted");
  expect((await send(dora.device, makeEntry({ ...old, audienceSeq: 3 }))).map(seqOf)).toEqual([4]);
});

test("parts for devices outside the audience are dropped, and so is one for the sending device", async () => {
  const mine = await freshChat();
  const [laptop, stranger] = [makeDevice(alice), await buildPerson(app)];
  const [result] = await send(alice.device, makeEntry(mine, [alice.device, laptop, stranger.device]));
  expect(codeOf(result)).toBe("accepted");
  expect(await partsOf(mine.chatId)).toEqual([]);
});

test("too large an entry is refused by itself", async () => {
  const mine = await freshChat();
  const large = makeEntry(mine, [], { bodyBase64: Buffer.alloc(65_537).toString("base64") });
  const results = await send(alice.device, makeEntry(mine), large, makeEntry(mine), makeEntry(chat, [], { audienceSeq: 0 }));
  expect(results.map(codeOf)).toEqual(["accepted", "too_large", "unavailable", "stale_audience"]);
});

test("a messageId twice in one call is a fault of the caller", async () => {
  const entry = makeEntry(chat);
  await expect(send(alice.device, entry, entry)).rejects.toMatchObject({ code: "bad_request" });
});

test("the greatest sendCounter is remembered per chat, and a lower one is not refused", async () => {
  const mine = await freshChat();
  await send(alice.device, makeEntry(mine, [], { sendCounter: 7 }), makeEntry(mine, [], { sendCounter: 5 }));
  const { rows } = await app.pool.query("SELECT send_counter::int FROM device_cursors WHERE chat_id = $1 AND device_id = $2", [
    mine.chatId,
    alice.device.deviceId,
  ]);
  expect(rows).toEqual([{ send_counter: 7 }]);
});

test("an entry of devices among themselves does not make a chat look active", async () => {
  const mine = await freshChat();
  const at = async () =>
    (await app.pool.query("SELECT last_message_at FROM chats WHERE chat_id = $1", [mine.chatId])).rows[0].last_message_at;
  await send(alice.device, makeEntry(mine, [], { kind: "device" }));
  expect(await at()).toBeNull();
  await send(alice.device, makeEntry(mine));
  expect(await at()).toBeInstanceOf(Date);
});

test("sending is limited per device", async () => {
  const limited = await createTestApp({ env: { PARLEY_LIMITS: "0.05" } });
  const [carol, dan] = [await buildPerson(limited), await buildPerson(limited)];
  const theirs = await buildChat(limited, carol, dan);
  const attempts = Array.from({ length: 100 }, () => sendEntries(limited, carol.device.caller, { entries: [makeEntry(theirs)] }));
  const results = await Promise.allSettled(attempts);
  expect(results.some((result) => result.status === "rejected" && result.reason.code === "rate_limited")).toBe(true);
  expect(await sendEntries(limited, dan.device.caller, { entries: [makeEntry(theirs)] })).toMatchObject({
    results: [{ outcome: "accepted" }],
  });
  await limited.close();
});
