import { afterAll, beforeAll, expect, test } from "vitest";
import { accountChannel, type EntryEvent, type WatermarkEvent } from "../contract/events";
import { MAX_EVENT_BYTES } from "../contract/limits";
import { type Presence, type Privacy, presenceChannel } from "../contract/presence";
import type { Publication } from "../realtime/realtime";
import { createTestApp, type TestApp } from "../testing/app";
import { buildChat, buildDevice, buildPerson, buildSession, makeEntry, removeDevice, type TestPerson } from "../testing/people";
import { acknowledge } from "./acknowledge";
import { setPrivacy } from "./privacy";
import { sendEntries } from "./send-entries";
import { createWakeUp } from "./wake-up";

let app: TestApp;
let alice: TestPerson;
let bob: TestPerson;
beforeAll(async () => {
  app = await createTestApp();
  [alice, bob] = [await buildPerson(app), await buildPerson(app)];
});
afterAll(() => app.close());

const _ID = "00000000-0000-4000-8000-000000000001";

/** A listener whose publications can be awaited. */
async function listen() {
  const heard: Publication[] = [];
  const ended: string[] = [];
  const left: string[] = [];
  let looks = 0;
  let changed = () => {};
  const publish = (publications: Publication[]) => {
    heard.push(...publications);
    changed();
  };
  const endSession = (sessionId: string) => {
    ended.push(sessionId);
    changed();
  };
  const askAgain = (userId: string) => {
    left.push(userId);
    changed();
  };
  const tellAllToLook = () => {
    looks++;
    changed();
  };
  const wakeUp = createWakeUp({
    databaseUrl: app.databaseUrl,
    db: app.pool,
    logId: app.logId,
    realtime: { publish, endSession, askAgain },
    tellAllToLook,
    log: { warn: () => {} },
  });
  await wakeUp.start();
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return {
    stop: wakeUp.stop,
    left,
    async presenceOf({ userId }: TestPerson, count: number): Promise<Presence[]> {
      const told = () =>
        heard.flatMap(({ channel, event }) =>
          channel === presenceChannel(userId) && event.name === "presence" ? [event.data.presence] : [],
        );
      await until(() => told().length >= count);
      return told();
    },
    async privacyOf({ userId }: TestPerson, count: number): Promise<Privacy[]> {
      const told = () =>
        heard.flatMap(({ channel, event }) => (channel === accountChannel(userId) && event.name === "privacy" ? [event.data] : []));
      await until(() => told().length >= count);
      return told();
    },
    untilLook: (count: number) => until(() => looks >= count),
    async endedSessions(count: number): Promise<string[]> {
      await until(() => ended.length >= count);
      return ended;
    },
    async watermarksFor({ userId }: TestPerson, count: number): Promise<WatermarkEvent[]> {
      const own = () =>
        heard.flatMap(({ channel, event }) => (channel === accountChannel(userId) && event.name === "watermark" ? [event.data] : []));
      await until(() => own().length >= count);
      return own();
    },
    async entriesFor({ userId }: TestPerson, count: number): Promise<EntryEvent[]> {
      const own = () =>
        heard.flatMap(({ channel, event }) => (channel === accountChannel(userId) && event.name === "entry" ? [event.data] : []));
      await until(() => own().length >= count);
      return own();
    },
  };
}

test("an entry reaches each account with the parts of its own devices only", async () => {
  const chat = await buildChat(app, alice, bob);
  const phone = await buildDevice(app, bob);
  const line = await listen();
  const entry = makeEntry({ ...chat, audienceSeq: 3 }, [bob.device, phone], { text: "secret" });
  await sendEntries(app, alice.device.caller, { entries: [entry] });
  const part = Buffer.from("secret").toString("base64");
  const expected = {
    logId: app.logId,
    chatId: chat.chatId,
    seq: 4,
    entry: { messageId: entry.messageId, senderId: alice.userId, partBase64: null },
  };
  expect(await line.entriesFor(bob, 1)).toMatchObject([{ ...expected, parts: { [bob.device.deviceId]: part, [phone.deviceId]: part } }]);
  expect(await line.entriesFor(alice, 1)).toMatchObject([{ ...expected, parts: {} }]);
  await line.stop();
});

test("opening a chat and a new manifest are told to both", async () => {
  const line = await listen();
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const chat = await buildChat(app, carol, dan);
  await buildDevice(app, dan);
  const seqsFor = async (person: TestPerson, count: number) =>
    (await line.entriesFor(person, count)).filter(({ chatId }) => chatId === chat.chatId).map(({ seq }) => seq);
  expect(await seqsFor(carol, 4)).toEqual([1, 2, 3]);
  expect((await seqsFor(dan, 5)).sort()).toEqual([1, 2, 3]);
  await line.stop();
});

test("what does not fit into an event is told by its place alone", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const chat = await buildChat(app, carol, dan);
  const line = await listen();
  const entries = [
    makeEntry(chat, [dan.device], { text: "x".repeat(MAX_EVENT_BYTES) }),
    makeEntry(chat, [], { bodyBase64: Buffer.alloc(20_000).toString("base64") }),
  ];
  await sendEntries(app, carol.device.caller, { entries });
  expect(await line.entriesFor(dan, 2)).toEqual([3, 4].map((seq) => ({ logId: app.logId, chatId: chat.chatId, seq })));
  expect((await line.entriesFor(carol, 2))[0]).toHaveProperty("entry");
  await line.stop();
});

test("many entries at once come in the order of the log", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const chat = await buildChat(app, carol, dan);
  const line = await listen();
  await Promise.all(
    Array.from({ length: 30 }, () =>
      sendEntries(app, carol.device.caller, { entries: Array.from({ length: 10 }, () => makeEntry(chat, [dan.device])) }),
    ),
  );
  expect((await line.entriesFor(dan, 300)).map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, i) => i + 3));
  await line.stop();
});

test("a risen watermark is told to the other and to one's own account, once", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const chats = await Promise.all([carol, alice, bob].map((peer) => buildChat(app, peer, dan)));
  const line = await listen();
  const say = (seq: number, only = chats) => {
    const marks = only.map(({ chatId }) => ({ chatId, seq }));
    return acknowledge(app, dan.device.caller, { logId: app.logId, delivered: marks, read: marks });
  };
  await say(1);
  await say(1);
  await say(2, chats.slice(0, 1));
  const event = (deliveredSeq: number, { chatId }: { chatId: string } = chats[0] as (typeof chats)[0]) => ({
    logId: app.logId,
    chatId,
    userId: dan.userId,
    deliveredSeq,
    readSeq: deliveredSeq,
  });
  expect(await line.watermarksFor(carol, 2)).toEqual([event(1), event(2)]);
  expect(await line.watermarksFor(dan, 4)).toEqual(expect.arrayContaining([event(2), ...chats.map((chat) => event(1, chat))]));
  expect(await line.watermarksFor(dan, 4)).toHaveLength(4);
  await line.stop();
});

test("more watermarks than one notification holds are all told", async () => {
  const carol = await buildPerson(app);
  const chats = await Promise.all(Array.from({ length: 90 }, async () => buildChat(app, carol, await buildPerson(app))));
  const line = await listen();
  const delivered = chats.map(({ chatId }) => ({ chatId, seq: 2 }));
  await acknowledge(app, carol.device.caller, { logId: app.logId, delivered, read: [] });
  const told = (await line.watermarksFor(carol, 90)).map(({ chatId }) => chatId);
  expect(told.toSorted()).toEqual(chats.map(({ chatId }) => chatId).toSorted());
  await line.stop();
});

test("a session that ended is told, whatever ended it: by itself, or with its device", async () => {
  const carol = await buildPerson(app);
  const other = await buildSession(app, carol);
  const phone = await buildDevice(app, carol);
  const line = await listen();
  await app.prisma.session.deleteMany({ where: { sessionId: other.sessionId } });
  await removeDevice(app, carol, phone, carol.device);
  expect(await line.endedSessions(2)).toEqual([other.sessionId, phone.caller.sessionId]);
  await line.stop();
});

test("after its connection was lost it listens again, and everybody is told to look", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const chat = await buildChat(app, carol, dan);
  const line = await listen();
  const cut = () =>
    app.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'parley wake-up'",
    );
  await cut();
  await line.untilLook(1);
  await cut();
  await line.untilLook(2);
  await sendEntries(app, carol.device.caller, { entries: [makeEntry(chat, [dan.device])] });
  expect(await line.entriesFor(dan, 1)).toMatchObject([{ seq: 3 }]);
  await line.stop();
});

test("it can't start while the database is away", async () => {
  const deps = { db: app.pool, logId: app.logId, realtime: app.realtime, tellAllToLook: () => {}, log: { warn: () => {} } };
  await expect(createWakeUp({ ...deps, databaseUrl: "postgresql://127.0.0.1:1/nothing" }).start()).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
});

test("how people stand is told on their own channels, and no more exactly than in minutes", async () => {
  const line = await listen();
  await app.pool.query("UPDATE users SET last_seen_at = to_timestamp(1234567.891) WHERE user_id = $1", [alice.userId]);
  await app.pool.query("INSERT INTO account_presence (user_id, process_id) VALUES ($1, gen_random_uuid())", [bob.userId]);
  await app.pool.query("SELECT notify_presence($1::uuid[])", [[alice.userId, bob.userId]]);
  expect(await line.presenceOf(alice, 1)).toEqual([{ state: "offline", lastSeenMs: 1_234_560_000 }]);
  expect(await line.presenceOf(bob, 1)).toEqual([{ state: "online" }]);
  await app.pool.query("UPDATE users SET last_seen_at = NULL WHERE user_id = $1", [alice.userId]);
  await app.pool.query("SELECT notify_presence($1::uuid[])", [[alice.userId]]);
  expect((await line.presenceOf(alice, 2)).at(-1)).toEqual({ state: "offline", lastSeenMs: null });
  await line.stop();
});

test("who stops sharing is told so on all devices, is hidden from the others, and hears nothing of them from then on", async () => {
  const line = await listen();
  const ask = { app, caller: alice.device.caller };
  await setPrivacy(ask, { sharesPresence: false });
  expect(await line.privacyOf(alice, 1)).toEqual([{ sharesPresence: false, sharesTyping: true }]);
  expect((await line.presenceOf(alice, 1)).at(-1)).toEqual({ state: "hidden" });
  expect(line.left).toEqual([alice.userId]);
  await setPrivacy(ask, { sharesPresence: true, sharesTyping: false });
  expect((await line.privacyOf(alice, 2)).at(-1)).toEqual({ sharesPresence: true, sharesTyping: false });
  expect(line.left.slice(1)).toEqual([alice.userId]);
  await setPrivacy(ask, { sharesTyping: true });
  await line.stop();
});
