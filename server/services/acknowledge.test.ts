import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChatInfo } from "../contract/chats";
import { LogId } from "../contract/ids";
import { createTestApp, type TestApp } from "../testing/app";
import { buildChat, buildDevice, buildPerson, makeEntry, type TestDevice, type TestPerson } from "../testing/people";
import { acknowledge } from "./acknowledge";
import { sendEntries } from "./send-entries";

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

async function freshChat(count: number): Promise<{ peer: TestPerson; chat: ChatInfo }> {
  const peer = await buildPerson(app);
  const made = await buildChat(app, alice, peer);
  const entries = Array.from({ length: count }, () => makeEntry(made, [peer.device]));
  await sendEntries(app, alice.device.caller, { entries });
  return { peer, chat: made };
}
function say(
  { caller }: TestDevice,
  { chatId }: Pick<ChatInfo, "chatId">,
  delivered: number | null,
  read: number | null = null,
  logId = app.logId,
) {
  const at = (seq: number | null) => (seq === null ? [] : [{ chatId, seq }]);
  return acknowledge(app, caller, { logId, delivered: at(delivered), read: at(read) });
}
async function watermarkOf({ userId }: TestPerson, { chatId }: ChatInfo): Promise<[number, number]> {
  const { rows } = await app.pool.query(
    "SELECT delivered_seq::int d, read_seq::int r FROM chat_participants WHERE chat_id = $1 AND user_id = $2",
    [chatId, userId],
  );
  return [rows[0].d, rows[0].r];
}
async function cursorOf({ deviceId }: TestDevice, { chatId }: ChatInfo): Promise<[number, number]> {
  const { rows } = await app.pool.query(
    `SELECT acknowledged_seq::int a, (SELECT count(*)::int FROM message_parts p WHERE p.chat_id = k.chat_id AND p.device_id = k.device_id) n
     FROM device_cursors k WHERE chat_id = $1 AND device_id = $2`,
    [chatId, deviceId],
  );
  return [rows[0].a, rows[0].n];
}

test("what a device stored raises its cursor and the account's watermark, and deletes the parts", async () => {
  const { peer, chat: mine } = await freshChat(4);
  expect(await cursorOf(peer.device, mine)).toEqual([0, 4]);
  expect(await say(peer.device, mine, 4)).toEqual({ logId: app.logId });
  expect(await cursorOf(peer.device, mine)).toEqual([4, 2]);
  expect(await watermarkOf(peer, mine)).toEqual([4, 0]);
});

test("nothing is ever lowered", async () => {
  const { peer, chat: mine } = await freshChat(4);
  await say(peer.device, mine, 5, 4);
  await say(peer.device, mine, 3, 2);
  expect(await watermarkOf(peer, mine)).toEqual([5, 4]);
  expect(await cursorOf(peer.device, mine)).toEqual([5, 1]);
  await say(peer.device, mine, 1, 5);
  await say(peer.device, mine, 6, 1);
  expect(await watermarkOf(peer, mine)).toEqual([6, 5]);
});

test("one watermark that rises does not take the other down", async () => {
  const { peer, chat: mine } = await freshChat(4);
  await say(peer.device, mine, 5);
  await say(peer.device, mine, 1, 3);
  expect(await watermarkOf(peer, mine)).toEqual([5, 3]);
  await say(peer.device, mine, 6, 1);
  expect(await watermarkOf(peer, mine)).toEqual([6, 3]);
});

test("nothing above the log's end is believed", async () => {
  const { peer, chat: mine } = await freshChat(1);
  await say(peer.device, mine, 1_000, 900);
  expect(await watermarkOf(peer, mine)).toEqual([3, 3]);
  expect(await cursorOf(peer.device, mine)).toEqual([3, 0]);
});

test("what was read was delivered, but reading alone acknowledges nothing for the device", async () => {
  const { peer, chat: mine } = await freshChat(2);
  await say(peer.device, mine, null, 3);
  expect(await watermarkOf(peer, mine)).toEqual([3, 3]);
  expect(await cursorOf(peer.device, mine)).toEqual([0, 2]);
});

test("each device keeps its own cursor and parts", async () => {
  const { peer, chat: mine } = await freshChat(1);
  const phone = await buildDevice(app, peer);
  await sendEntries(app, alice.device.caller, { entries: [makeEntry({ ...mine, audienceSeq: 4 }, [peer.device, phone])] });
  await say(phone, mine, 5);
  expect([await cursorOf(phone, mine), await cursorOf(peer.device, mine)]).toEqual([
    [5, 0],
    [0, 2],
  ]);
});

test("acknowledgements at once from many devices end at the highest of each", async () => {
  const chats = [await freshChat(5), await freshChat(5), await freshChat(5)];
  const all = chats.flatMap(({ peer, chat: mine }) => Array.from({ length: 30 }, (_, i) => ({ peer, mine, seq: (i * 5) % 8 })));
  await Promise.all(all.map(({ peer, mine, seq }) => say(peer.device, mine, seq, seq - 1 < 0 ? null : seq - 1)));
  for (const { peer, chat: mine } of chats) expect(await watermarkOf(peer, mine)).toEqual([7, 6]);
});

test("what was meant for another state of the log is not believed, and the answer says which one this is", async () => {
  const { peer, chat: mine } = await freshChat(1);
  expect(await say(peer.device, mine, 3, 3, LogId.parse(randomUUID()))).toEqual({ logId: app.logId });
  expect(await watermarkOf(peer, mine)).toEqual([0, 0]);
});

test("a stranger's acknowledgement changes nothing, also with a member's device id", async () => {
  const mallory = await buildPerson(app);
  await say(mallory.device, chat, 2, 2);
  await acknowledge(
    app,
    { ...mallory.device.caller, deviceId: bob.device.deviceId },
    { logId: app.logId, delivered: [{ chatId: chat.chatId, seq: 2 }], read: [] },
  );
  expect([await watermarkOf(alice, chat), await watermarkOf(bob, chat), await cursorOf(bob.device, chat)]).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
});

test("a device without a cursor, such as a revoked one, can't mark anything as read", async () => {
  await app.pool.query("DELETE FROM device_cursors WHERE chat_id = $1 AND device_id = $2", [chat.chatId, alice.device.deviceId]);
  await say(alice.device, chat, 2, 2);
  expect(await watermarkOf(alice, chat)).toEqual([0, 0]);
});

test("an acknowledgement does not wait for the disk", async () => {
  const client = await app.pool.connect();
  await client.query("BEGIN");
  await client.query("SELECT acknowledge('{}', '{}', '{}', '{}', '{}')");
  const { rows } = await client.query("SHOW synchronous_commit");
  await client.query("ROLLBACK");
  client.release();
  expect(rows).toEqual([{ synchronous_commit: "off" }]);
});
