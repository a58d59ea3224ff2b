import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, expect, test } from "vitest";
import type { Entry, Pulled, PulledChat } from "@/server/contract/chats";
import type { LogId, MessageId } from "@/server/contract/ids";
import { emptyAudience } from "@/server/contract/statements/audience";
import { individualChatId } from "@/server/contract/statements/chat-id";
import { device, fixedBytes, fixedUserId } from "@/server/contract/statements/test-account";
import { type ChatRow, EngineDatabase, writeMeta } from "../storage/database";
import { wrapSecrets } from "../storage/secrets";
import { openWrapping } from "../storage/wrapping";
import type { EngineContext } from "./engine-context";
import { createInbox } from "./inbox";
import { chatListView } from "./views";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const [alice, bob] = [fixedUserId("alice"), fixedUserId("bob")];
const chatId = individualChatId(alice, bob);
const deviceId = device("alice", 1).deviceId;
const leadership = { number: 1, check: async () => {} };
const [before, after] = ["before" as LogId, "after" as LogId];

type Cursors = { cursors: { seq: number; messageId: MessageId | null }[] };
let db: EngineDatabase;
let ctx: EngineContext;
let answer: (asked: Cursors) => Pulled;

beforeEach(async () => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  const wrapping = await openWrapping(db, crypto.subtle, random);
  const client = { messages: { pull: { mutate: async (asked: Cursors) => answer(asked) } } };
  const api = { call: (run: (client: never) => Promise<unknown>) => run(client as never) } as unknown as EngineContext["api"];
  ctx = { db, wrapping, api, random, fraction: () => 0, now: () => 1 };
  const state = { pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0, isAdmin: false };
  await writeMeta(db, "account", { userId: alice, username: "alice", deviceId, ...state });
  await writeMeta(db, "log", { logId: before });
  const secret = { kind: "identity", keyId: 0, secret: fixedBytes("identity"), createdAtMs: 0, replacedAtMs: null } as const;
  await db.secrets.bulkPut(await wrapSecrets(wrapping, [secret]));
});

/** A chat that is stored and acknowledged up to there. */
async function chatUpTo(seq: number): Promise<void> {
  const audience = emptyAudience(chatId, [alice, bob]);
  const members = [alice, bob].map((userId) => ({ userId, username: userId, deleted: false }));
  const counts = {
    startSeq: 0,
    lastOwnSeq: 0,
    sendCounter: 0,
    contentCounter: 0,
    unread: 0,
    lastActivityMs: 0,
    createdAtMs: 0,
    readSeq: 0,
    readAcknowledgedSeq: 0,
  };
  const place = {
    cursorSeq: seq,
    cursorMessageId: `old-${seq}` as MessageId,
    acknowledgedSeq: seq,
    lastSeq: seq,
    floorSeq: 0,
    audienceSeq: 0,
  };
  const row = { chatId, type: "individual", members, opened: true, audience, watermarks: {}, lastMessageId: null, ...counts, ...place };
  await db.chats.put(row as ChatRow);
}

/** Own entries: they come without a part, so that nothing has to be decrypted. */
function entries(from: number, to: number): Entry[] {
  const entry = (seq: number): Entry => ({
    seq,
    messageId: `00000000-0000-7000-8000-${String(seq).padStart(12, "0")}` as MessageId,
    senderId: alice,
    senderDeviceId: deviceId,
    kind: "message",
    sentAtMs: seq,
    statementBase64: null,
    bodyBase64: null,
    partBase64: null,
  });
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));
}

function pulled(logId: LogId, chat: Partial<PulledChat> & { lastSeq: number }, more = false): Pulled {
  return {
    logId,
    chats: [{ chatId, state: "ok", floorSeq: 0, audienceSeq: 0, entries: [], watermarks: [], ...chat }],
    watermarks: [],
    more,
  };
}

test("a log with another id is not read on from a place in the one before", async () => {
  await chatUpTo(100);
  // Restored to 60 entries, since grown to 105. Without a cursor the server goes by what it remembers of this device.
  answer = ({ cursors: [cursor] }) => {
    if (!cursor) return pulled(after, { lastSeq: 105, entries: entries(56, 105) });
    if (cursor.messageId?.startsWith("old")) return pulled(after, { lastSeq: 105, state: "diverged" });
    return pulled(after, { lastSeq: 105, entries: entries(cursor.seq + 1, 105) });
  };
  await db.messages.bulkPut(
    entries(61, 100).map(
      ({ messageId, senderId: senderUserId }) =>
        ({ chatId, messageId, senderUserId, position: 2 ** 51, seq: null, own: true, body: { kind: "text", text: "" } }) as never,
    ),
  );
  const inbox = createInbox(ctx, leadership);
  await inbox.pullAll();
  await inbox.pullAll();
  expect(await db.messages.filter((row) => row.seq !== null).count()).toBe(40);
});

test("watermarks of a log that went back say nothing about the entries of the new one", async () => {
  await chatUpTo(100);
  await db.chats.update(chatId, { watermarks: { [bob]: { deliveredSeq: 100, readSeq: 100 } } });
  answer = ({ cursors: [cursor] }) =>
    cursor?.seq === 0
      ? pulled(after, { lastSeq: 61, entries: entries(1, 61), watermarks: [{ userId: bob, deliveredSeq: 60, readSeq: 60 }] })
      : pulled(after, { lastSeq: 61, state: "diverged" });
  await createInbox(ctx, leadership).pullAll();
  expect((await db.chats.get(chatId))?.watermarks[bob]).toEqual({ deliveredSeq: 60, readSeq: 60 });
});

test("what the server no longer keeps becomes a gap, and the place moves past it", async () => {
  await chatUpTo(10);
  answer = () => pulled(before, { lastSeq: 100, floorSeq: 100 });
  await createInbox(ctx, leadership).pullAll();
  expect((await db.chats.get(chatId))?.cursorSeq).toBe(100);
  expect((await db.messages.toArray()).map(({ body }) => body)).toEqual([{ kind: "notice", notice: "gap" }]);
});

test("a page that was opened from an older place does not move the chat back", async () => {
  await chatUpTo(10);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  answer = () => pulled(before, { lastSeq: 11, entries: entries(11, 11) });
  const late = createInbox(
    { ...ctx, wrapping: { ...ctx.wrapping, unwrap: (...of) => held.then(() => ctx.wrapping.unwrap(...of)) } },
    leadership,
  );
  const asked = new Promise<void>((resolve) => {
    const early = answer;
    answer = (cursors) => {
      resolve();
      return early(cursors);
    };
  });
  const pulling = late.pullAll();
  await asked;
  answer = () => pulled(before, { lastSeq: 12, entries: entries(11, 12) });
  await createInbox(ctx, leadership).pullAll();
  release();
  await pulling.catch(() => {}); // it may well say that it came too late
  expect((await db.chats.get(chatId))?.cursorSeq).toBe(12);
});

/** What is left below the floor. */
const statements = (...seqs: number[]) => seqs.flatMap((seq) => entries(seq, seq).map((entry): Entry => ({ ...entry, kind: "control" })));
const gaps = () => db.messages.filter(({ body }) => body.kind === "notice" && body.notice === "gap").sortBy("position");

test("however many statements are left below the floor, what is gone there is one gap, also over several pages", async () => {
  await chatUpTo(10);
  const kept = [...statements(20, 21, 40, 80), ...entries(101, 170)];
  const asked: number[] = [];
  answer = ({ cursors: [cursor] }) => {
    const from = cursor?.seq ?? 10;
    asked.push(from);
    const page = kept.filter(({ seq }) => seq > from).slice(0, from === 10 ? 3 : 100);
    return pulled(before, { lastSeq: 170, floorSeq: 100, entries: page }, page.at(-1)?.seq !== 170);
  };
  await createInbox(ctx, leadership).pullAll();
  expect(asked).toEqual([10, 40]);
  expect(await db.chats.get(chatId)).toMatchObject({ cursorSeq: 170, floorSeq: 100 });
  expect(await gaps()).toMatchObject([{ position: 100, seq: 100, sentAtMs: 101 }]);
});

test("a floor that this device had passed already is no gap, and neither are statements alone below it", async () => {
  await chatUpTo(100);
  answer = () => pulled(before, { lastSeq: 101, floorSeq: 60, entries: entries(101, 101) });
  await createInbox(ctx, leadership).pullAll();
  answer = () => pulled(before, { lastSeq: 104, floorSeq: 103, entries: [...statements(102, 103), ...entries(104, 104)] });
  await createInbox(ctx, leadership).pullAll();
  expect(await gaps()).toEqual([]);
  expect((await db.chats.get(chatId))?.cursorSeq).toBe(104);
});

test("what is missing above the floor is a gap of its own", async () => {
  await chatUpTo(10);
  answer = () => pulled(before, { lastSeq: 25, floorSeq: 20, entries: entries(24, 25) });
  await createInbox(ctx, leadership).pullAll();
  expect(await gaps()).toMatchObject([{ position: 20 }, { position: 24 }]);
});

test("after an absence the chat with the latest message comes first, whatever order the chats were stored in", async () => {
  const other = individualChatId(alice, alice);
  await chatUpTo(0);
  const row = (await db.chats.get(chatId)) as ChatRow;
  await db.chats.put({ ...row, chatId: other, members: row.members.slice(0, 1), audience: emptyAudience(other, [alice]) });
  let nowMs = 1_000_000;
  ctx.now = () => ++nowMs;
  const [late, early] = [entries(1, 1), entries(1, 1)].map(([entry]) => ({
    ...(entry as Entry),
    senderDeviceId: device("bob", 1).deviceId,
  }));
  // The most recently active first.
  answer = () => {
    const latest = pulled(before, { lastSeq: 1, entries: [{ ...(late as Entry), sentAtMs: 900_000 }] });
    const chats = [
      ...latest.chats,
      ...pulled(before, { chatId: other, lastSeq: 1, entries: [{ ...(early as Entry), sentAtMs: 1_000 }] }).chats,
    ];
    return { ...latest, chats };
  };
  await createInbox(ctx, leadership).pullAll();
  expect((await chatListView(db)).map((chat) => chat.chatId)).toEqual([chatId, other]);
});

test("the first pull names every cursor, because a store that was put back does not know that it was", async () => {
  await chatUpTo(100);
  const asked: number[][] = [];
  answer = ({ cursors }) => {
    asked.push(cursors.map(({ seq }) => seq));
    return { logId: before, chats: [], watermarks: [], more: false };
  };
  const inbox = createInbox(ctx, leadership);
  await inbox.pullAll();
  await inbox.pullAll();
  expect(asked).toEqual([[100], []]);
});
