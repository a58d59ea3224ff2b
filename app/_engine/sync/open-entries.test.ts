/** Entries of a hostile server or a newer sender, opened with real sessions. */
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, expect, test } from "vitest";
import type { Entry } from "@/server/contract/chats";
import { fromBase64, toBase64, uuidToBytes } from "@/server/contract/encodings";
import type { MessageId } from "@/server/contract/ids";
import { clamp, type IdentityPublicKey } from "@/server/contract/signatures";
import { applyStatement, emptyAudience } from "@/server/contract/statements/audience";
import { encodeCanonical } from "@/server/contract/statements/cbor";
import { individualChatId } from "@/server/contract/statements/chat-id";
import { toSignedManifest } from "@/server/contract/statements/manifest";
import { encodeManifestEntry } from "@/server/contract/statements/manifest-entry";
import { pinOf } from "@/server/contract/statements/manifest-pin";
import { device, firstOf, fixedBytes, fixedUserId, publish } from "@/server/contract/statements/test-account";
import { encodeContent } from "../content/content";
import { encodeFrame } from "../content/frame";
import { type Header, headerToCbor } from "../content/header";
import { encrypt } from "../signal/encrypt";
import type { SessionRecord } from "../signal/session-state";
import { startSession } from "../signal/start-session";
import { type ChatRow, EngineDatabase, writeMeta } from "../storage/database";
import { wrapSecrets } from "../storage/secrets";
import { putSessions } from "../storage/sessions";
import { openWrapping } from "../storage/wrapping";
import { takeManifests } from "./contacts";
import type { EngineContext } from "./engine-context";
import { identityOf } from "./keyring";
import { makePrekeys } from "./new-prekeys";
import { openEntries } from "./open-entries";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const [alice, bob] = [fixedUserId("alice"), fixedUserId("bob")];
const [alicesDevice, bobsDevice] = [device("alice", 1), device("bob", 1)];
const chatId = individualChatId(alice, bob);
const secretOf = (name: string) => clamp(fixedBytes(`${name}'s identity key 1`));
const alicesIdentity = identityOf(secretOf("alice"));
const messageId = (n: number) => `00000000-0000-7000-8000-00000000000${n}` as MessageId;

let ctx: EngineContext;
let chat: ChatRow;
let record: SessionRecord;

beforeEach(async () => {
  const db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  const wrapping = await openWrapping(db, crypto.subtle, random);
  ctx = { db, wrapping, api: {} as EngineContext["api"], random, fraction: () => 0, now: () => 1 };
  const account = { userId: alice, username: "alice", deviceId: alicesDevice.deviceId, isAdmin: false };
  await writeMeta(db, "account", { ...account, pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0 });
  const prekeys = makePrekeys(alicesIdentity, 1, { signed: true, oneTime: 1, kemOneTime: 1 }, 1, random);
  const identity = { kind: "identity", keyId: 0, secret: secretOf("alice"), createdAtMs: 0, replacedAtMs: null } as const;
  await db.secrets.bulkPut(await wrapSecrets(wrapping, [identity, ...prekeys.secrets]));
  chat = {
    chatId,
    type: "individual",
    floorSeq: 0,
    cursorSeq: 2,
    cursorMessageId: null,
    audience: await believeBoth(),
    members: [],
  } as never;
  record = startAsBob(prekeys.upload);
});

/** Alice's device knows both manifests, and the log names them. */
async function believeBoth(): Promise<ChatRow["audience"]> {
  let audience = emptyAudience(chatId, [alice, bob]);
  for (const [i, name] of ["alice", "bob"].entries()) {
    const parsed = publish(name, firstOf(name));
    const { userId, generation, version, hash } = pinOf(parsed);
    const { contact, rows } = takeManifests(undefined, userId, [toSignedManifest(parsed.signed)]);
    if (contact) await ctx.db.contacts.put(contact);
    await ctx.db.manifests.bulkPut(rows);
    const statement = encodeManifestEntry({ v: 1, userId, generation, version, hash });
    audience = applyStatement(audience, { seq: i + 1, kind: "manifest", statement }, () => null).audience;
  }
  return audience;
}

const addressOf = (userId: string, deviceId: string) => ({ userId: uuidToBytes(userId), deviceId: uuidToBytes(deviceId) });
const alicesView = { ...addressOf(alice, alicesDevice.deviceId), identityKey: alicesDevice.identityKey as IdentityPublicKey };

function startAsBob({ signedPrekey, kemOneTime, oneTime }: ReturnType<typeof makePrekeys>["upload"]): SessionRecord {
  const read = <Key extends { publicKeyBase64: string; signatureBase64: string }>(key: Key | undefined) => {
    if (key === undefined) throw new Error("a prekey is missing");
    return { ...key, publicKey: fromBase64(key.publicKeyBase64), signature: fromBase64(key.signatureBase64) };
  };
  const [first] = oneTime;
  const started = startSession({
    local: { ...addressOf(bob, bobsDevice.deviceId), identity: identityOf(secretOf("bob")) },
    remote: alicesView,
    bundle: {
      signedPrekey: read(signedPrekey),
      oneTimePrekey: first ? { keyId: first.keyId, publicKey: fromBase64(first.publicKeyBase64) } : null,
      kemPrekey: { ...read(kemOneTime[0]), isLastResort: false },
    },
    record: null,
    nowMs: 1,
    random,
  });
  if (!started.ok) throw new Error(started.reason);
  return started.record;
}

const headerOf = (n: number): Header & { kind: "text" } => ({
  chatId,
  messageId: messageId(n),
  senderUserId: bob,
  senderDeviceId: bobsDevice.deviceId,
  kind: "text",
  audienceHash: new Uint8Array(32),
  counter: n,
  sentAtMs: 1,
});

/** What Bob's device sends as its message `n`. */
function entryOf(n: number, plaintext = encodeContent({ header: headerOf(n), body: { text: `text ${n}` }, random })): Entry {
  const sent = encrypt({ remote: alicesView, record, plaintext, nowMs: 1, random });
  if (!sent.ok) throw new Error(sent.reason);
  record = sent.record;
  const sender = { senderId: bob, senderDeviceId: bobsDevice.deviceId, sentAtMs: 1 };
  const none = { statementBase64: null, bodyBase64: null };
  return { ...sender, ...none, seq: n + 2, messageId: messageId(n), kind: "message", partBase64: toBase64(sent.message) };
}

/** Opens entries from the chat's cursor on. Keeps what is to be stored, and answers with it and with what people see. */
async function open(...entries: Entry[]) {
  const opened = await openEntries(ctx, chat, entries);
  const rows = await opened.sessions.rows();
  await ctx.db.transaction("rw", ctx.db.sessions, () => putSessions(ctx.db, rows));
  await ctx.db.secrets.bulkDelete(opened.usedPrekeys);
  await ctx.db.firstMessages.bulkPut(opened.firstMessages);
  chat = opened.chat;
  const shown = opened.messages.filter(({ body }) => body.kind !== "notice");
  return { opened, sessionsStored: rows.length, bodies: shown.map(({ body }) => (body.kind === "text" ? body.text : body.kind)) };
}

test("moved_entry_then_genuine: a part under another message's id stores nothing, and the genuine entry opens after it", async () => {
  const genuine = entryOf(2);
  const moved = await open({ ...genuine, seq: 3, messageId: messageId(1) });
  expect(moved.bodies).toEqual(["waiting"]);
  expect([moved.sessionsStored, moved.opened.usedPrekeys, moved.opened.firstMessages]).toEqual([0, [], []]);
  const after = await open(genuine);
  expect(after.bodies).toEqual(["text 2"]);
  expect([after.sessionsStored, after.opened.usedPrekeys.length, after.opened.firstMessages.length]).toEqual([1, 2, 1]);
});

test("moved_entry_then_genuine: the same within one run, and in a session that is known", async () => {
  const [first, second] = [entryOf(1), entryOf(3)];
  expect((await open(first, { ...second, seq: 4, messageId: messageId(2) }, second)).bodies).toEqual(["text 1", "waiting", "text 3"]);
});

test("unknown_kind_advances_session: what only a newer version reads is kept, spends its keys, and the next message opens", async () => {
  const newer = { header: headerToCbor({ ...headerOf(1), kind: "hologram" }), body: [1, 2, 3] };
  const unknown = entryOf(1, encodeFrame(encodeCanonical(newer), random));
  const taken = await open(unknown);
  expect(taken.bodies).toEqual(["unsupported"]);
  expect(taken.opened.messages.find(({ body }) => body.kind === "unsupported")?.kept).toEqual(encodeCanonical(newer));
  expect([taken.sessionsStored, taken.opened.usedPrekeys.length, taken.opened.firstMessages.length]).toEqual([1, 2, 1]);
  expect((await open(entryOf(2))).bodies).toEqual(["text 2"]);
  expect((await open({ ...unknown, seq: 5, messageId: messageId(3) })).bodies).toEqual(["waiting"]);
});

const isNotice = ({ body }: { body: { kind: string } }) => body.kind === "notice";

test("a message keeps its place whatever the server says later about its id: another sender, another kind, the same twice", async () => {
  const first = entryOf(1);
  const taken = await open(first);
  await ctx.db.messages.bulkPut(taken.opened.messages);
  for (const lie of [
    { ...first, seq: 4, senderId: alice, senderDeviceId: bobsDevice.deviceId },
    { ...first, seq: 5, senderDeviceId: alicesDevice.deviceId, senderId: alice },
    { ...first, seq: 6, kind: "device" as const },
  ]) {
    const { opened } = await open(lie);
    expect(opened.messages.filter((row) => !isNotice(row))).toEqual([]);
    expect(opened.ownEntries).toEqual([]);
    expect(opened.messages).toMatchObject([{ body: { kind: "notice", notice: "gap" } }]);
  }
  const second = entryOf(5);
  const twice = await open(second, { ...second, seq: 8 });
  expect(twice.bodies).toEqual(["text 5"]);
});

test("no entry takes the place of a notice", async () => {
  const notice = `${messageId(1)}:gap` as MessageId;
  const { opened, bodies } = await open({ ...entryOf(1), messageId: notice });
  expect(bodies).toEqual([]);
  expect(opened.messages.map((row) => row.messageId)).not.toContain(notice);
  expect(opened.chat).toMatchObject({ cursorSeq: 3, cursorMessageId: null });
});

test("a message of a device that is not proven yet keeps its ciphertext", async () => {
  const entry = { ...entryOf(1), senderDeviceId: device("bob", 2).deviceId };
  const { opened } = await open(entry);
  expect(opened.messages).toMatchObject([{ body: { kind: "waiting" }, kept: fromBase64(entry.partBase64 ?? "") }]);
});

test("a store that can't be read for a moment costs nothing: the entry is opened the next time", async () => {
  const entry = entryOf(1);
  const { get } = ctx.db.sessions;
  const fail = () => Promise.reject(Object.assign(new Error("disk"), { name: "UnknownError" }));
  ctx.db.sessions.get = fail as unknown as typeof get;
  await expect(open(entry)).rejects.toThrow("disk");
  ctx.db.sessions.get = get;
  expect((await open(entry)).bodies).toEqual(["text 1"]);
});
