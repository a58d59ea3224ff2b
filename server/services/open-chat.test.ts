import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo } from "../contract/chats";
import { ChatId, UserId } from "../contract/ids";
import { individualChatId } from "../contract/statements/chat-id";
import { decodeManifestEntry } from "../contract/statements/manifest-entry";
import { createTestApp, type TestApp } from "../testing/app";
import { untilWaiting } from "../testing/database";
import {
  buildAccount,
  buildChat,
  buildDevice,
  buildPerson,
  buildSession,
  makeEntry,
  removeDevice,
  signNext,
  type TestPerson,
} from "../testing/people";
import { chatStatements } from "./chat-statements";
import { getManifests } from "./get-manifests";
import { listChats } from "./list-chats";
import { openChat } from "./open-chat";
import { sendCounters } from "./send-counters";
import { sendEntries } from "./send-entries";

let app: TestApp;
let alice: TestPerson;
let bob: TestPerson;
beforeAll(async () => {
  app = await createTestApp();
  [alice, bob] = [await buildPerson(app), await buildPerson(app)];
});
afterAll(() => app.close());

test("a chat begins with a manifest entry for each of its two people", async () => {
  const chat = await buildChat(app, alice, bob);
  expect(chat).toMatchObject({
    chatId: individualChatId(alice.userId, bob.userId),
    type: "individual",
    lastSeq: 2,
    audienceSeq: 2,
    startSeq: 0,
    acknowledgedSeq: 0,
  });
  expect(new Set(chat.members.map(({ username }) => username))).toEqual(new Set([alice.username, bob.username]));
  const { entries, audienceSeq } = await chatStatements(app, bob.device.caller, { chatId: chat.chatId, afterSeq: 0 });
  expect(audienceSeq).toBe(2);
  for (const entry of entries) {
    const person = [alice, bob].find(({ userId }) => userId === entry.senderId);
    const statement = decodeManifestEntry(Buffer.from(entry.statementBase64 ?? "", "base64"));
    expect(statement).toMatchObject({ userId: person?.userId, generation: 1, version: 1, hash: person?.pin?.hash });
  }
});

test("both opening at once, and again, is one chat", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const calls = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? buildChat(app, carol, dan) : buildChat(app, dan, carol)));
  const chats = await Promise.all([...calls, buildChat(app, dan, carol)]);
  expect(new Set(chats.map(({ chatId, lastSeq }) => `${chatId} ${lastSeq}`)).size).toBe(1);
  expect(await app.prisma.chatParticipant.count({ where: { chatId: chats[0]?.chatId ?? "" } })).toBe(2);
});

test("a manifest that is published while a chat opens is in its log, whichever comes first", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const [chat, phone] = await Promise.all([buildChat(app, carol, dan), buildDevice(app, dan)]);
  expect((await statementsOf(chat, carol)).filter((statement) => statement?.userId === dan.userId).at(-1)?.version).toBe(2);
  expect(await app.prisma.deviceCursor.count({ where: { chatId: chat.chatId, deviceId: phone.deviceId } })).toBe(1);
});

async function statementsOf({ chatId }: ChatInfo, { device }: TestPerson) {
  const { entries } = await chatStatements(app, device.caller, { chatId, afterSeq: 0 });
  return entries.map(({ statementBase64 }) => decodeManifestEntry(Buffer.from(statementBase64 ?? "", "base64")));
}

test("a chat does not open with a manifest that is just being replaced", async () => {
  const [carol, dan] = [await buildPerson(app), await buildPerson(app)];
  const { manifestBase64, signatureBase64 } = signNext(dan, { devices: [dan.device.listed] });
  const publishing = await app.pool.connect();
  await publishing.query("BEGIN");
  await publishing.query("SELECT 1 FROM users WHERE user_id = $1 FOR NO KEY UPDATE", [dan.userId]);
  await publishing.query("INSERT INTO device_manifests (user_id, generation, version, manifest, signature) VALUES ($1, 1, 2, $2, $3)", [
    dan.userId,
    Buffer.from(manifestBase64, "base64"),
    Buffer.from(signatureBase64, "base64"),
  ]);
  const opening = buildChat(app, carol, dan);
  await Promise.race([opening, untilWaiting(app.pool, 1)]);
  await publishing.query("COMMIT");
  publishing.release();
  const versions = (await statementsOf(await opening, carol)).map((statement) => [statement?.userId, statement?.version]);
  expect(new Map(versions as [string, number][])).toEqual(
    new Map([
      [carol.userId, 1],
      [dan.userId, 2],
    ]),
  );
});

test("opening a chat with oneself gives the account's own chat", async () => {
  const own = await openChat(app, alice.device.caller, { userId: alice.userId });
  expect(own).toMatchObject({ chatId: individualChatId(alice.userId, alice.userId), startSeq: 1, members: [{ userId: alice.userId }] });
});

test("nobody, an account without devices, a suspended and a deleted one can't be told apart", async () => {
  const [empty, suspended, deleted] = [await buildAccount(app), await buildPerson(app), await buildPerson(app)];
  await app.prisma.user.update({ where: { userId: suspended.userId }, data: { status: "suspended" } });
  await app.prisma.user.update({ where: { userId: deleted.userId }, data: { status: "deleted" } });
  for (const userId of [UserId.parse(randomUUID()), empty.userId, suspended.userId, deleted.userId]) {
    await expect(openChat(app, alice.device.caller, { userId })).rejects.toMatchObject({ code: "not_found" });
  }
});

test("the list has the chats of the caller's device, and no others", async () => {
  const mallory = await buildPerson(app);
  const chat = await buildChat(app, alice, bob);
  expect((await listChats(app, alice.device.caller)).chats.map(({ chatId }) => chatId)).toContain(chat.chatId);
  expect((await listChats(app, mallory.device.caller)).chats.map(({ members }) => members.length)).toEqual([1]);
});

test("a stranger gets no statements, and neither does a member of nothing", async () => {
  const [mallory, chat] = [await buildPerson(app), await buildChat(app, alice, bob)];
  for (const chatId of [chat.chatId, ChatId.parse(randomUUID())]) {
    await expect(chatStatements(app, mallory.device.caller, { chatId, afterSeq: 0 })).rejects.toMatchObject({ code: "not_member" });
  }
});

test("statements from before a device are there for it", async () => {
  const [chat, phone] = [await buildChat(app, alice, bob), await buildDevice(app, bob)];
  const { entries, audienceSeq } = await chatStatements(app, phone.caller, { chatId: chat.chatId, afterSeq: 0 });
  expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(audienceSeq).toBe(3);
  expect((await chatStatements(app, phone.caller, { chatId: chat.chatId, afterSeq: 2 })).entries.map(({ seq }) => seq)).toEqual([3]);
});

test("a device learns the greatest counters that it used, and not those of the account's other devices", async () => {
  const carol = await buildPerson(app);
  const [chat, phone] = [await buildChat(app, carol, bob), await buildDevice(app, carol)];
  await sendEntries(app, phone.caller, { entries: [makeEntry({ ...chat, audienceSeq: 3 }, [], { sendCounter: 9 })] });
  expect((await sendCounters(app, phone.caller)).counters).toEqual([{ chatId: chat.chatId, sendCounter: 9 }]);
  expect((await sendCounters(app, carol.device.caller)).counters).toEqual([]);
});

test("manifests come as a chain after a given one; another account's only to a device", async () => {
  const carol = await buildPerson(app);
  const phone = await buildDevice(app, carol);
  await removeDevice(app, carol, phone);
  const after = async (afterGeneration: number, afterVersion: number) =>
    (await getManifests(app, bob.device.caller, { userId: carol.userId, afterGeneration, afterVersion })).manifests.length;
  expect([await after(0, 0), await after(1, 1), await after(1, 3), await after(2, 0)]).toEqual([3, 2, 0, 0]);
  const [own, stranger] = [await buildSession(app, carol), await buildSession(app, bob)];
  const query = { userId: carol.userId, afterGeneration: 0, afterVersion: 0 };
  expect((await getManifests(app, own, query)).manifests).toHaveLength(3);
  await expect(getManifests(app, stranger, query)).rejects.toMatchObject({ code: "device_required" });
});
