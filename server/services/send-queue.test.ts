import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo } from "../contract/chats";
import { createTestApp, type TestApp } from "../testing/app";
import { notingErrors, untilWaiting } from "../testing/database";
import { buildChat, buildDevice, buildPerson, makeEntry, removeDevice, type TestPerson } from "../testing/people";
import { createAckQueue } from "./ack-queue";
import { REAL_TIME } from "./retry-transient";
import { createSendQueue, type QueuedEntry, type SendQueue } from "./send-queue";
import type { Queryable } from "./sql";

let app: TestApp;
let alice: TestPerson;
let bob: TestPerson;
let chat: ChatInfo;
let bad: unknown[] = [];
let queue: SendQueue;
beforeAll(async () => {
  app = await createTestApp();
  [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  chat = await buildChat(app, alice, bob);
  queue = createSendQueue({ ...REAL_TIME, db: app.pool, reportBadEntry: (error) => void bad.push(error) });
});
afterAll(() => app.close());

function queued(from: TestPerson["device"], to: Pick<ChatInfo, "chatId" | "audienceSeq">, body: Uint8Array | null = null): QueuedEntry {
  const { messageId, chatId, audienceSeq } = makeEntry(to);
  const { userId, deviceId } = from.caller;
  return { chatId, messageId, userId, deviceId, kind: "message", audienceSeq, sendCounter: 1, body, parts: [] };
}
/** The constraint on sizes refuses it. */
const badRow = (from: TestPerson["device"], to: ChatInfo) => queued(from, to, new Uint8Array(65_537));

test("a row that the database refuses fails alone: everything around it in the batch is written", async () => {
  bad = [];
  const calls = Array.from({ length: 20 }, (_, i) => queue.send([i === 7 ? badRow(alice.device, chat) : queued(bob.device, chat)]));
  const outcomes = (await Promise.all(calls)).flat();
  expect(outcomes.filter(({ outcome }) => outcome === "accepted")).toHaveLength(19);
  expect(outcomes[7]).toEqual({ outcome: "refused", code: "bad_request" });
  expect(bad).toMatchObject([{ code: "23514" }]);
});

test("what follows a refused row in its own call and chat is held back", async () => {
  const other = await buildChat(app, alice, await buildPerson(app));
  const [before, refused, after, elsewhere] = await queue.send([
    queued(alice.device, chat),
    badRow(alice.device, chat),
    queued(alice.device, chat),
    queued(alice.device, other),
  ]);
  expect([before?.outcome, elsewhere?.outcome]).toEqual(["accepted", "accepted"]);
  expect([refused, after]).toEqual([
    { outcome: "refused", code: "bad_request" },
    { outcome: "refused", code: "unavailable" },
  ]);
});

test("a device that is removed while its entry waits for the chat's lock is refused", async () => {
  const phone = await buildDevice(app, alice);
  const at = { ...chat, audienceSeq: await audienceSeqOf(chat) };
  const blocker = await app.pool.connect();
  await blocker.query("BEGIN");
  await blocker.query("SELECT 1 FROM chats WHERE chat_id = $1 FOR NO KEY UPDATE", [chat.chatId]);
  const removal = removeDevice(app, alice, phone, alice.device);
  await untilWaiting(app.pool, 1);
  const outcome = queue.send([queued(phone, at)]);
  await untilWaiting(app.pool, 2);
  await blocker.query("COMMIT");
  blocker.release();
  await removal;
  expect(await outcome).toEqual([{ outcome: "refused", code: "device_required" }]);
});

async function audienceSeqOf({ chatId }: ChatInfo): Promise<number> {
  return (await app.pool.query("SELECT audience_seq::int AS seq FROM chats WHERE chat_id = $1", [chatId])).rows[0].seq;
}

test("a batch is repeated after a deadlock, a lost connection or a lock that was held too long", async () => {
  const failures = ["40P01", "08006", "55P03", "57P01"].map((code) => Object.assign(new Error("for a test"), { code }));
  const flaky: Queryable = {
    query: ((config: never) => (failures.length > 0 ? Promise.reject(failures.shift()) : app.pool.query(config))) as never,
  };
  const flakyQueue = createSendQueue({ ...REAL_TIME, db: flaky, reportBadEntry: () => {} });
  const at = { ...chat, audienceSeq: await audienceSeqOf(chat) };
  expect(await flakyQueue.send([queued(alice.device, at)])).toMatchObject([{ outcome: "accepted" }]);
});

test("a database that stays away is answered unavailable after a while", async () => {
  let nowMs = 0;
  const gone: Queryable = { query: (() => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }))) as never };
  const wait = async (ms: number) => {
    nowMs += ms;
  };
  const goneQueue = createSendQueue({ now: () => nowMs, wait, db: gone, reportBadEntry: () => {} });
  await expect(goneQueue.send([queued(alice.device, chat)])).rejects.toMatchObject({ code: "unavailable" });
  expect(nowMs).toBeLessThan(11_000);
});

test("any other error of the database reaches the caller as it is", async () => {
  const broken: Queryable = { query: (() => Promise.reject(Object.assign(new Error("no such function"), { code: "42883" }))) as never };
  const brokenQueue = createSendQueue({ ...REAL_TIME, db: broken, reportBadEntry: () => {} });
  await expect(brokenQueue.send([queued(alice.device, chat)])).rejects.toMatchObject({ code: "42883" });
});

test("sends and acknowledgements of the same device at once never lock each other out, and leave no gap", async () => {
  const carol = await buildPerson(app);
  const chats = await Promise.all(Array.from({ length: 8 }, async () => buildChat(app, carol, await buildPerson(app))));
  const { userId, deviceId } = carol.device.caller;
  const { db, errors } = notingErrors(app.pool);
  const deps = { ...REAL_TIME, db };
  const sends = createSendQueue({ ...deps, reportBadEntry: () => {} });
  const acks = createAckQueue({ ...deps, wait: () => Promise.resolve() });
  const rotated = (i: number) => [...chats, ...chats].slice(i % 8, (i % 8) + 8);
  const sendAll = Array.from({ length: 200 }, (_, i) =>
    sends.send(rotated(i).map((each) => ({ ...queued(carol.device, each), sendCounter: i + 1 }))),
  );
  let sending = true;
  const acknowledgeAll = async () => {
    for (let seq = 1; sending; seq++) {
      await acks.acknowledge(rotated(seq).map(({ chatId }) => ({ chatId, userId, deviceId, deliveredSeq: seq, readSeq: seq })));
    }
  };
  const acknowledging = acknowledgeAll();
  const outcomes = (await Promise.all(sendAll)).flat();
  sending = false;
  await acknowledging;
  expect(errors).toEqual([]);
  expect(outcomes.every(({ outcome }) => outcome === "accepted")).toBe(true);
  const last = await app.prisma.chat.findMany({ where: { chatId: { in: chats.map(({ chatId }) => chatId) } }, select: { lastSeq: true } });
  expect(last).toEqual(chats.map(() => ({ lastSeq: 202n })));
});

test("what waits is bounded in bytes, and one call of the database too", async () => {
  const sizes: number[] = [];
  const calls: (() => void)[] = [];
  const slow: Queryable = {
    query: ((config: { values: unknown[][] }) => {
      const bodies = config.values[8] as Uint8Array[];
      sizes.push(bodies.reduce((sum, { length }) => sum + length, 0));
      const rows = bodies.map((_, i) => ({ ord: i + 1, outcome: 0, seq: 1, sent_at: new Date(), audience_seq: 1 }));
      return new Promise((resolve) => calls.push(() => resolve({ rows })));
    }) as never,
  };
  const slowQueue = createSendQueue({ ...REAL_TIME, wait: () => Promise.resolve(), db: slow, reportBadEntry: () => {} });
  const MEGABYTE = 1_048_576;
  const outcomes = Array.from({ length: 200 }, () => slowQueue.send([queued(alice.device, chat, new Uint8Array(MEGABYTE))]));
  const settled = await Promise.allSettled([outcomes.at(-1)]);
  expect(settled).toMatchObject([{ status: "rejected", reason: { code: "unavailable" } }]);
  let answered = 0;
  for (const outcome of outcomes)
    outcome.then(
      () => answered++,
      () => {},
    );
  while (answered < 128) {
    for (const answer of calls.splice(0)) answer();
    await Promise.resolve();
  }
  expect(Math.max(...sizes)).toBe(8 * MEGABYTE);
});
