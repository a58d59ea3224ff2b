import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo, Pulled, SendEntry } from "../contract/chats";
import { MessageId } from "../contract/ids";
import { PULL_CHATS, PULL_ENTRIES } from "../contract/limits";
import { createTestApp, type TestApp } from "../testing/app";
import { buildChat, buildDevice, buildPerson, makeEntry, removeDevice, type TestDevice, type TestPerson } from "../testing/people";
import { acknowledge } from "./acknowledge";
import { pullEntries } from "./pull-entries";
import { sendEntries } from "./send-entries";

let app: TestApp;
let alice: TestPerson;
beforeAll(async () => {
  app = await createTestApp();
  alice = await buildPerson(app);
});
afterAll(() => app.close());

type Cursor = { chatId: ChatInfo["chatId"]; seq: number; messageId?: MessageId | null };
const pull = ({ caller }: TestDevice, ...cursors: Cursor[]): Promise<Pulled> =>
  pullEntries(app, caller, { cursors: cursors.map((cursor) => ({ messageId: null, ...cursor })), watermarksOf: [] });
const seqsOf = (pulled: Pulled, { chatId }: Pick<ChatInfo, "chatId">) =>
  pulled.chats.find((chat) => chat.chatId === chatId)?.entries.map(({ seq }) => seq);
async function send(from: TestDevice, chat: ChatInfo, count: number, to: TestDevice[] = [], text?: string): Promise<SendEntry[]> {
  const entries = Array.from({ length: count }, () => makeEntry(chat, to, text === undefined ? {} : { text }));
  for (let at = 0; at < count; at += 20) await sendEntries(app, from.caller, { entries: entries.slice(at, at + 20) });
  return entries;
}
const store = ({ caller }: TestDevice, { chatId }: ChatInfo, seq: number) =>
  acknowledge(app, caller, { logId: app.logId, delivered: [{ chatId, seq }], read: [] });

/** A new person's chat with alice, in which alice has stored the two manifest entries. */
async function freshChat(): Promise<{ peer: TestPerson; chat: ChatInfo }> {
  const peer = await buildPerson(app);
  const chat = await buildChat(app, alice, peer);
  await store(alice.device, chat, 2);
  return { peer, chat };
}

test("a new chat comes with the manifest entries that begin its log", async () => {
  const bob = await buildPerson(app);
  const chat = await buildChat(app, alice, bob);
  const pulled = (await pull(bob.device)).chats.find(({ chatId }) => chatId === chat.chatId);
  expect(pulled).toMatchObject({ state: "ok", lastSeq: 2, floorSeq: 0, audienceSeq: 2 });
  expect(pulled?.entries.map(({ seq, kind }) => [seq, kind])).toEqual([
    [1, "manifest"],
    [2, "manifest"],
  ]);
  expect(new Set(pulled?.entries.map(({ senderId }) => senderId))).toEqual(new Set([alice.userId, bob.userId]));
});

test("watermarks that rose unheard are told when asked for, to members alone", async () => {
  const { peer, chat } = await freshChat();
  await store(peer.device, chat, 2);
  const ask = (device: TestDevice) => pullEntries(app, device.caller, { cursors: [], watermarksOf: [chat.chatId] });
  const told = (await ask(alice.device)).watermarks.filter(({ userId }) => userId === peer.userId);
  expect(told).toEqual([{ chatId: chat.chatId, userId: peer.userId, deliveredSeq: 2, readSeq: 0 }]);
  const stranger = await buildPerson(app);
  expect((await ask(stranger.device)).watermarks).toEqual([]);
});

test("each device gets its own part, and one's own entries come without", async () => {
  const { peer, chat } = await freshChat();
  const [sent] = await send(peer.device, chat, 1, [alice.device], "for alice");
  await send(alice.device, chat, 1, [peer.device], "for the peer");
  const entries = (await pull(alice.device)).chats.find(({ chatId }) => chatId === chat.chatId)?.entries;
  expect(entries).toMatchObject([
    {
      seq: 3,
      messageId: sent?.messageId,
      senderDeviceId: peer.device.deviceId,
      partBase64: Buffer.from("for alice").toString("base64"),
      bodyBase64: null,
    },
    { seq: 4, senderDeviceId: alice.device.deviceId, partBase64: null },
  ]);
});

test("nothing new is an empty answer, and the higher of two cursors counts", async () => {
  const { peer, chat } = await freshChat();
  const sent = await send(peer.device, chat, 4, [alice.device]);
  expect(seqsOf(await pull(alice.device), chat)).toEqual([3, 4, 5, 6]);
  expect(seqsOf(await pull(alice.device, { chatId: chat.chatId, seq: 5, messageId: sent[2]?.messageId ?? null }), chat)).toEqual([6]);
  await store(alice.device, chat, 6);
  expect(seqsOf(await pull(alice.device), chat)).toBeUndefined();
});

test("a page is bounded by entries, and paging reaches the end without skipping", async () => {
  const { peer, chat } = await freshChat();
  await send(peer.device, chat, PULL_ENTRIES + 50, [alice.device]);
  const first = await pull(alice.device);
  expect(first.more).toBe(true);
  expect(first.chats.reduce((sum, { entries }) => sum + entries.length, 0)).toBe(PULL_ENTRIES);
  const last = first.chats[0]?.entries.at(-1);
  const second = await pull(alice.device, { chatId: chat.chatId, seq: last?.seq ?? 0, messageId: last?.messageId ?? null });
  expect(seqsOf(second, chat)).toEqual(Array.from({ length: 50 }, (_, i) => PULL_ENTRIES + 3 + i));
  expect(second.more).toBe(false);
  await store(alice.device, chat, PULL_ENTRIES + 52);
});

test("a page is bounded by bytes, but has one entry at least", async () => {
  const { peer, chat } = await freshChat();
  await send(peer.device, chat, 20, [alice.device], "x".repeat(65_536));
  const pulled = await pull(alice.device);
  expect(seqsOf(pulled, chat)).toHaveLength(15);
  expect(pulled.more).toBe(true);
  await store(alice.device, chat, 22);
});

test("the most recently active chats come first, in pages of chats", async () => {
  const dora = await buildPerson(app);
  const { rows } = await app.pool.query<{ chat_id: ChatInfo["chatId"] }>(
    `WITH made AS (INSERT INTO chats (chat_id, chat_type, last_seq, last_message_at)
       SELECT gen_random_uuid(), 1, 1, now() - n * interval '1 minute' FROM generate_series(1, ${PULL_CHATS + 10}) n RETURNING chat_id, last_message_at),
     joined AS (INSERT INTO chat_participants (chat_id, user_id) SELECT chat_id, $1 FROM made),
     started AS (INSERT INTO device_cursors (chat_id, device_id, start_seq, acknowledged_seq) SELECT chat_id, $2, 0, 0 FROM made),
     sent AS (INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind) SELECT chat_id, 1, gen_random_uuid(), $1, $2, 1 FROM made)
     SELECT chat_id FROM made ORDER BY last_message_at DESC`,
    [dora.userId, dora.device.deviceId],
  );
  const pulled = await pull(dora.device);
  expect(pulled.chats.map(({ chatId }) => chatId)).toEqual(rows.slice(0, PULL_CHATS).map(({ chat_id }) => chat_id));
  expect(pulled.more).toBe(true);
  const rest = await pull(dora.device, ...pulled.chats.map(({ chatId }) => ({ chatId, seq: 1 })));
  expect(rest.chats.map(({ chatId }) => chatId)).toEqual(rows.slice(PULL_CHATS).map(({ chat_id }) => chat_id));
  expect(rest.more).toBe(false);
});

test("a cursor above the log's end, or on another entry, is diverged and gets no entries before the device goes back", async () => {
  const { peer, chat } = await freshChat();
  const [sent] = await send(peer.device, chat, 1, [alice.device]);
  await send(peer.device, chat, 2, [alice.device]);
  await store(alice.device, chat, 4);
  const stateAt = async (cursor: Omit<Cursor, "chatId">) => {
    const found = (await pull(alice.device, { chatId: chat.chatId, ...cursor })).chats.find(({ chatId }) => chatId === chat.chatId);
    return [found?.state, found?.entries.map(({ seq }) => seq)];
  };
  expect(await stateAt({ seq: 6 })).toEqual(["diverged", []]);
  expect(await stateAt({ seq: 5, messageId: MessageId.parse(randomUUID()) })).toEqual(["diverged", []]);
  expect(await stateAt({ seq: 4, messageId: sent?.messageId ?? null })).toEqual(["diverged", []]);
  expect(await stateAt({ seq: 3, messageId: sent?.messageId ?? null })).toEqual(["rewound", [4, 5]]);
  expect(await stateAt({ seq: 0 })).toEqual(["rewound", [1, 2, 3, 4, 5]]);
});

test("a cursor in the part of the log that was removed can't be checked, and is believed", async () => {
  const { peer, chat } = await freshChat();
  await send(peer.device, chat, 4, [alice.device]);
  await app.pool.query("DELETE FROM messages WHERE chat_id = $1 AND seq IN (3, 4)", [chat.chatId]);
  await app.pool.query("UPDATE chats SET floor_seq = 4 WHERE chat_id = $1", [chat.chatId]);
  const pulled = await pull(alice.device, { chatId: chat.chatId, seq: 4, messageId: MessageId.parse(randomUUID()) });
  expect(pulled.chats.find(({ chatId }) => chatId === chat.chatId)).toMatchObject({ state: "ok", floorSeq: 4 });
  expect(seqsOf(pulled, chat)).toEqual([5, 6]);
  expect(seqsOf(await pull(alice.device), chat)).toEqual([5, 6]);
});

test("a new device pulls nothing from before its own manifest entry", async () => {
  const { peer, chat } = await freshChat();
  await send(peer.device, chat, 2, [alice.device]);
  const phone = await buildDevice(app, peer);
  expect(seqsOf(await pull(phone), chat)).toBeUndefined();
  const now = { ...chat, audienceSeq: 5 };
  await send(alice.device, now, 1, [phone]);
  expect(seqsOf(await pull(phone), chat)).toEqual([6]);
  const fromStart = await pull(phone, { chatId: chat.chatId, seq: 0 });
  expect(fromStart.chats.find(({ chatId }) => chatId === chat.chatId)).toMatchObject({ state: "ok", entries: [{ seq: 6 }] });
});

test("the answer carries the watermarks of both, and nothing of chats that the caller is not in", async () => {
  const { peer, chat } = await freshChat();
  await send(peer.device, chat, 1, [alice.device]);
  const found = (await pull(alice.device)).chats.find(({ chatId }) => chatId === chat.chatId);
  expect(new Map(found?.watermarks.map(({ userId, deliveredSeq }) => [userId, deliveredSeq]))).toEqual(
    new Map([
      [alice.userId, 2],
      [peer.userId, 0],
    ]),
  );
  const mallory = await buildPerson(app);
  expect(seqsOf(await pull(mallory.device, { chatId: chat.chatId, seq: 0 }), chat)).toBeUndefined();
});

test("a revoked device pulls nothing", async () => {
  const { peer } = await freshChat();
  const phone = await buildDevice(app, peer);
  await removeDevice(app, peer, phone, peer.device);
  expect((await pull(phone)).chats).toEqual([]);
});
