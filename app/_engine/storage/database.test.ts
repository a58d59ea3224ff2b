import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import type { ChatId, DeviceId, MessageId, UserId } from "@/server/contract/ids";
import { nextUnsentPosition, statusOf } from "./chat-rows";
import { type ChatRow, EngineDatabase, type MessageRow, UNSENT_POSITION } from "./database";
import { putSessions, readSession, StaleSession, wrapSession } from "./sessions";
import { openWrapping, type Wrapping } from "./wrapping";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const peer = { userId: "u" as UserId, deviceId: "d" as DeviceId };
let db: EngineDatabase;
let wrapping: Wrapping;

beforeEach(async () => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  wrapping = await openWrapping(db, crypto.subtle, random);
});

describe("sessions at rest", () => {
  test("come back as they were stored, and the store shows none of their bytes", async () => {
    const record = random(64);
    await db.transaction("rw", db.sessions, async () => {});
    await putSessions(db, [await wrapSession(wrapping, peer, record, 0)]);
    expect(await readSession(db, wrapping, peer)).toEqual({ record, version: 1 });
    const stored = (await db.sessions.toArray())[0]?.wrapped ?? new Uint8Array();
    expect(Buffer.from(stored).includes(Buffer.from(record.subarray(0, 16)))).toBe(false);
  });

  test("refuse an owner that read them before another one advanced them", async () => {
    await putSessions(db, [await wrapSession(wrapping, peer, random(8), 0)]);
    await putSessions(db, [await wrapSession(wrapping, peer, random(8), 1)]);
    await expect(putSessions(db, [await wrapSession(wrapping, peer, random(8), 1)])).rejects.toBeInstanceOf(StaleSession);
    expect((await readSession(db, wrapping, peer)).version).toBe(2);
  });

  test("can't be read as another peer's", async () => {
    const row = await wrapSession(wrapping, peer, random(8), 0);
    await db.sessions.put({ ...row, deviceId: "other" as DeviceId });
    await expect(readSession(db, wrapping, { ...peer, deviceId: "other" as DeviceId })).rejects.toThrow();
  });
});

test("the wrapping key stays the same over restarts and never leaves the browser", async () => {
  const wrapped = await wrapping.wrap("secret", Uint8Array.of(1, 2, 3));
  const again = await openWrapping(db, crypto.subtle, random);
  expect(await again.unwrap("secret", wrapped)).toEqual(Uint8Array.of(1, 2, 3));
  const key = (await db.meta.get("wrappingKey"))?.value as CryptoKey;
  expect(key.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
});

test("what was wrapped before the store was cleared can't be read after, and new secrets can", async () => {
  const before = await wrapping.wrap("secret", Uint8Array.of(1));
  await db.meta.clear();
  await expect(wrapping.unwrap("secret", before)).rejects.toThrow();
  const after = await wrapping.wrap("secret", Uint8Array.of(2));
  expect(await (await openWrapping(db, crypto.subtle, random)).unwrap("secret", after)).toEqual(Uint8Array.of(2));
});

test("unsent messages sort behind everything that has its place, in the order they were written", async () => {
  const chatId = "c" as ChatId;
  const first = await nextUnsentPosition(db, chatId);
  await db.messages.put({ chatId, messageId: "m" as MessageId, position: first } as MessageRow);
  expect(first).toBeGreaterThan(UNSENT_POSITION);
  expect(await nextUnsentPosition(db, chatId)).toBe(first + 1);
});

describe("the state of an own message", () => {
  const member = (userId: string, deleted = false) => ({ userId: userId as UserId, username: userId, deleted });
  const chat = (deliveredSeq: number, readSeq: number) =>
    ({
      members: [member("me"), member("bob"), member("gone", true)],
      watermarks: { bob: { deliveredSeq, readSeq } },
    }) as unknown as ChatRow;
  const message = (seq: number | null, failure: MessageRow["failure"] = null) => ({ seq, failure }) as MessageRow;

  test.each([
    ["waiting", message(null), chat(0, 0)],
    ["failed", message(null, "blocked"), chat(0, 0)],
    ["sent", message(5), chat(4, 4)],
    ["delivered", message(5), chat(5, 4)],
    ["read", message(5), chat(5, 5)],
  ] as const)("is %s by the watermarks of everybody who is still there", (status, row, of) => {
    expect(statusOf(row, of, "me")).toBe(status);
  });

  test("does not become read because the only reader deleted their account", () => {
    const left = { members: [member("me"), member("bob", true)], watermarks: { bob: { deliveredSeq: 5, readSeq: 4 } } };
    expect(statusOf(message(5), left as unknown as ChatRow, "me")).toBe("delivered");
    expect(statusOf(message(6), left as unknown as ChatRow, "me")).toBe("sent");
  });
});
