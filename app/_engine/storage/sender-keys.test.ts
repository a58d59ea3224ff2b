/** Sender keys at rest, with real keys and a real IndexedDB in memory. */
import Dexie from "dexie";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import type { ChatId, DeviceId, UserId } from "@/server/contract/ids";
import { decodeOwnSenderKeys, encodeOwnSenderKeys, encodeSenderKeyRecord } from "../signal/sender-keys/codec";
import { createSenderKey } from "../signal/sender-keys/own";
import type { SenderKeyRecord } from "../signal/sender-keys/state";
import { createGroupMember } from "../signal/testing/group-member";
import { EngineDatabase } from "./database";
import { putOwnSenderKeys, putSenderKeys, readOwnSenderKeys, readSenderKeys, wrapOwnSenderKeys, wrapSenderKeys } from "./sender-keys";
import { StaleSession } from "./sessions";
import { openWrapping, type Wrapping } from "./wrapping";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const chatId = "chat" as ChatId;
const place = { chatId, userId: "bob" as UserId, deviceId: "phone" as DeviceId };
let indexedDB: IDBFactory;
let db: EngineDatabase;
let wrapping: Wrapping;

beforeEach(async () => {
  indexedDB = new IDBFactory();
  db = new EngineDatabase("test", { indexedDB, IDBKeyRange });
  wrapping = await openWrapping(db, crypto.subtle, random);
});

/** Alice's own keys, and what bob got of them. */
function makeKeys() {
  const [alice, bob] = [createGroupMember({ name: "alice" }), createGroupMember({ name: "bob" })];
  alice.rotate();
  bob.take(alice, alice.distribution());
  alice.send("0");
  bob.read(alice, alice.send("1"));
  return { own: alice.own(), received: bob.received(alice) as SenderKeyRecord };
}

describe("own sender keys", () => {
  test("come back as they were stored, chat by chat", async () => {
    const keys = encodeOwnSenderKeys(makeKeys().own);
    expect(await readOwnSenderKeys(db, wrapping, chatId)).toEqual({ keys: null, version: 0 });
    await putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, keys, 0));
    expect(await readOwnSenderKeys(db, wrapping, chatId)).toEqual({ keys, version: 1 });
    expect(await readOwnSenderKeys(db, wrapping, "other" as ChatId)).toEqual({ keys: null, version: 0 });
    expect(decodeOwnSenderKeys(keys)?.current).not.toBeNull();
  });

  test("refuse an owner that read them before another one used a step", async () => {
    const [mine, theirs] = [random(8), random(8)];
    await putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, random(8), 0));
    await putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, theirs, 1));
    for (const readAt of [0, 1, 3]) {
      await expect(putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, mine, readAt))).rejects.toBeInstanceOf(StaleSession);
    }
    expect(await readOwnSenderKeys(db, wrapping, chatId)).toEqual({ keys: theirs, version: 2 });
  });
});

describe("received sender keys", () => {
  test("come back as they were stored, for their chat, user and device alone", async () => {
    const keys = encodeSenderKeyRecord(makeKeys().received);
    await putSenderKeys(db, [await wrapSenderKeys(wrapping, place, keys, 0)]);
    expect(await readSenderKeys(db, wrapping, place)).toEqual({ keys, version: 1 });
    for (const other of [{ chatId: "x" as ChatId }, { userId: "x" as UserId }, { deviceId: "x" as DeviceId }]) {
      expect(await readSenderKeys(db, wrapping, { ...place, ...other })).toEqual({ keys: null, version: 0 });
    }
  });

  test("refuse an owner that read one of them before another one opened a message", async () => {
    const laptop = { ...place, deviceId: "laptop" as DeviceId };
    await putSenderKeys(db, [await wrapSenderKeys(wrapping, place, random(8), 0)]);
    const rows = [await wrapSenderKeys(wrapping, laptop, random(8), 0), await wrapSenderKeys(wrapping, place, random(8), 0)];
    await expect(putSenderKeys(db, rows)).rejects.toBeInstanceOf(StaleSession);
    expect((await readSenderKeys(db, wrapping, laptop)).keys).toBeNull();
    expect((await readSenderKeys(db, wrapping, place)).version).toBe(1);
  });

  test("can't be read in another chat, as another device's, or as own ones", async () => {
    const row = await wrapSenderKeys(wrapping, place, random(8), 0);
    const moved = [{ chatId: "x" as ChatId }, { userId: "x" as UserId }, { deviceId: "x" as DeviceId }];
    for (const other of moved) {
      await db.senderKeys.put({ ...row, ...other });
      await expect(readSenderKeys(db, wrapping, { ...place, ...other })).rejects.toThrow();
    }
    await db.ownSenderKeys.put({ chatId, wrapped: row.wrapped, version: 1 });
    await expect(readOwnSenderKeys(db, wrapping, chatId)).rejects.toThrow();
  });
});

test("a transaction that fails leaves both as they were", async () => {
  const [before, beforeReceived] = [random(8), random(8)];
  await putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, before, 0));
  await putSenderKeys(db, [await wrapSenderKeys(wrapping, place, beforeReceived, 0)]);
  const own = await wrapOwnSenderKeys(wrapping, chatId, random(8), 1);
  const [received, stale] = [await wrapSenderKeys(wrapping, place, random(8), 1), await wrapSenderKeys(wrapping, place, random(8), 1)];
  const write = db.transaction("rw", db.ownSenderKeys, db.senderKeys, async () => {
    await putOwnSenderKeys(db, own);
    await putSenderKeys(db, [received]);
    await putSenderKeys(db, [stale]);
  });
  await expect(write).rejects.toBeInstanceOf(StaleSession);
  expect(await readOwnSenderKeys(db, wrapping, chatId)).toEqual({ keys: before, version: 1 });
  expect(await readSenderKeys(db, wrapping, place)).toEqual({ keys: beforeReceived, version: 1 });
});

test("at rest no byte of a key can be seen", async () => {
  const { own, received } = makeKeys();
  const retired = createSenderKey({ keys: own, nowMs: 0, random });
  await putOwnSenderKeys(db, await wrapOwnSenderKeys(wrapping, chatId, encodeOwnSenderKeys(retired), 0));
  await putSenderKeys(db, [await wrapSenderKeys(wrapping, place, encodeSenderKeyRecord(received), 0)]);
  const rows = [...(await db.ownSenderKeys.toArray()), ...(await db.senderKeys.toArray())];
  const stored = Buffer.concat(rows.map(({ wrapped }) => wrapped));
  const { current } = retired;
  const [key] = received.keys;
  const secrets = [
    current?.signing.privateKey,
    current?.next.chainKey,
    own.current?.earliest.chainKey,
    key?.next.chainKey,
    key?.skipped[0]?.seed,
  ];
  for (const secret of [...secrets, current?.signing.publicKey, key?.signingKey]) {
    if (secret === undefined) throw new Error("a key is missing");
    for (let at = 0; at + 8 <= secret.length; at++) expect(stored.includes(Buffer.from(secret.subarray(at, at + 8)))).toBe(false);
  }
});

test("a database of version 1 keeps what it has and gets a place for sender keys", async () => {
  const older = new Dexie("older", { indexedDB, IDBKeyRange });
  const stores = { meta: "key", secrets: "[kind+keyId]", sessions: "[userId+deviceId]", drafts: "chatId" };
  older.version(1).stores(stores);
  await older.table("drafts").put({ chatId, text: "half a thought" });
  older.close();
  const upgraded = new EngineDatabase("older", { indexedDB, IDBKeyRange });
  expect(await upgraded.drafts.get(chatId)).toEqual({ chatId, text: "half a thought" });
  expect([await upgraded.ownSenderKeys.count(), await upgraded.senderKeys.count()]).toEqual([0, 0]);
});
