import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceId } from "../contract/ids";
import { ed25519PublicKey } from "../contract/signatures";
import { individualChatId } from "../contract/statements/chat-id";
import { signManifest, toSignedManifest } from "../contract/statements/manifest";
import { decodeManifestEntry } from "../contract/statements/manifest-entry";
import { firstManifest } from "../contract/statements/manifest-pin";
import { createTestApp, type TestApp } from "../testing/app";
import {
  buildAccount,
  buildChat,
  buildDevice,
  buildPerson,
  buildSession,
  makeDevice,
  makePrekeys,
  NOW_MS,
  signNewKey,
  signNext,
  type TestAccount,
} from "../testing/people";
import { registerDevice } from "./register-device";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** What a new browser of the account would send, and the session it would send it with. */
async function attempt(account: TestAccount, made = makeDevice(account)) {
  const session = await buildSession(app, account);
  const manifest = signNext(account, { devices: [...(account.pin?.devices ?? []), made.listed] });
  return { made, session, input: { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey, { kemOneTime: 0 }) } };
}
const sessionDevice = async (sessionId: string) => (await app.prisma.session.findUnique({ where: { sessionId } }))?.deviceId;

test("the first manifest gives the account its key, its device and its own chat", async () => {
  const account = await buildAccount(app);
  const { made, session, input } = await attempt(account);
  const selfChatId = individualChatId(account.userId, account.userId);
  expect(await registerDevice(app, session, input)).toEqual({ selfChatId });
  const user = await app.prisma.user.findUnique({ where: { userId: account.userId } });
  expect(user?.accountKey).toEqual(ed25519PublicKey(account.accountSecretKey));
  expect(await sessionDevice(session.sessionId)).toBe(made.deviceId);
  expect(await app.prisma.message.findMany({ where: { chatId: selfChatId }, select: { seq: true, kind: true } })).toEqual([
    { seq: 1n, kind: 3 },
  ]);
  expect(await app.prisma.deviceCursor.findMany({ where: { deviceId: made.deviceId } })).toEqual([
    { chatId: selfChatId, deviceId: made.deviceId, startSeq: 1n, acknowledgedSeq: 1n, sendCounter: 0n },
  ]);
  expect(await app.prisma.oneTimePrekey.count({ where: { deviceId: made.deviceId } })).toBe(3);
});

test("a repetition by the same session changes nothing, and by another one gives no device", async () => {
  const account = await buildAccount(app);
  const { session, input } = await attempt(account);
  const answer = await registerDevice(app, session, input);
  expect(await registerDevice(app, session, input)).toEqual(answer);
  expect(await app.prisma.deviceManifest.count({ where: { userId: account.userId } })).toBe(1);
  const thief = await buildSession(app, account);
  await expect(registerDevice(app, thief, input)).rejects.toMatchObject({ code: "stale_manifest" });
  expect(await sessionDevice(thief.sessionId)).toBeNull();
});

test("a second device starts behind its own manifest entry in every chat", async () => {
  const [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  const chat = await buildChat(app, alice, bob);
  const phone = await buildDevice(app, alice);
  const cursors = await app.prisma.deviceCursor.findMany({ where: { deviceId: phone.deviceId }, orderBy: { startSeq: "asc" } });
  expect(cursors.map(({ startSeq, acknowledgedSeq }) => [startSeq, acknowledgedSeq])).toEqual([
    [2n, 2n],
    [3n, 3n],
  ]);
  expect(await app.prisma.chat.findUnique({ where: { chatId: chat.chatId } })).toMatchObject({ lastSeq: 3n, audienceSeq: 3n });
  const entry = await app.prisma.message.findUnique({ where: { chatId_seq: { chatId: chat.chatId, seq: 3n } } });
  expect(entry).toMatchObject({ kind: 3, senderId: alice.userId, senderDeviceId: phone.deviceId });
  expect(decodeManifestEntry(entry?.statement ?? new Uint8Array())).toMatchObject({
    userId: alice.userId,
    generation: 1,
    version: 2,
    hash: alice.pin?.hash,
  });
});

test("two devices that register at once: one is first, the other is told to look again", async () => {
  const account = await buildPerson(app);
  const before = account.pin;
  const first = await attempt(account);
  account.pin = before;
  const second = await attempt(account);
  const results = await Promise.allSettled([first, second].map(({ session, input }) => registerDevice(app, session, input)));
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find((result) => result.status === "rejected")).toMatchObject({ reason: { code: "stale_manifest" } });
});

test("a new key confirmed by the recovery key may keep devices", async () => {
  const alice = await buildPerson(app);
  const [session, made] = [await buildSession(app, alice), makeDevice(alice)];
  const manifest = signNewKey(
    alice,
    [alice.device.listed, made.listed].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    { confirmed: true },
  );
  await registerDevice(app, session, { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey) });
  const devices = await app.prisma.device.findMany({ where: { userId: alice.userId, revokedAt: null } });
  expect(new Set(devices.map(({ deviceId }) => deviceId))).toEqual(new Set([alice.device.deviceId, made.deviceId]));
});

test("an identity reset revokes every old device, their sessions and sockets, but keeps the session that asks", async () => {
  const alice = await buildPerson(app);
  const [session, made] = [alice.device.caller, makeDevice(alice)];
  const other = await buildDevice(app, alice);
  const manifest = signNewKey(alice, [made.listed], { confirmed: false });
  await registerDevice(app, session, { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey) });
  const devices = await app.prisma.device.findMany({ where: { userId: alice.userId, revokedAt: null } });
  expect(devices.map(({ deviceId }) => deviceId)).toEqual([made.deviceId]);
  expect(await sessionDevice(session.sessionId)).toBe(made.deviceId);
  expect(await sessionDevice(other.caller.sessionId)).toBeUndefined();
  expect(app.ended).toEqual(expect.arrayContaining([alice.device.deviceId, other.deviceId, other.caller.sessionId]));
  expect(app.ended).not.toContain(session.sessionId);
});

test("an identity reset that keeps an old device is refused", async () => {
  const alice = await buildPerson(app);
  const [session, made] = [await buildSession(app, alice), makeDevice(alice)];
  const manifest = signNewKey(
    alice,
    [alice.device.listed, made.listed].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    { confirmed: false },
  );
  const prekeys = makePrekeys(made.privateKey);
  await expect(registerDevice(app, session, { manifest, deviceId: made.deviceId, prekeys })).rejects.toMatchObject({ code: "bad_request" });
});

test("manifests of other accounts, under other names, or that begin later are refused", async () => {
  const [account, other] = [await buildAccount(app), await buildAccount(app)];
  const { session, input, made } = await attempt(account);
  const foreign = await attempt(other);
  await expect(registerDevice(app, session, foreign.input)).rejects.toMatchObject({
    code: "bad_request",
    details: { reason: "user_changed" },
  });
  const renamed = { ...account, username: "somebody.else", pin: null };
  const manifest = signNext(renamed, { devices: [made.listed] });
  await expect(registerDevice(app, session, { ...input, manifest })).rejects.toMatchObject({
    code: "bad_request",
    details: { reason: "username_changed" },
  });
  const later = signNext(account, { devices: [made.listed] });
  await expect(registerDevice(app, session, { ...input, manifest: later })).rejects.toMatchObject({ code: "stale_manifest" });
  const broken = { ...input.manifest, signatureBase64: later.signatureBase64 };
  await expect(registerDevice(app, session, { ...input, manifest: broken })).rejects.toMatchObject({
    details: { reason: "bad_signature" },
  });
});

test("a second first manifest with other keys does not replace the account's", async () => {
  const alice = await buildPerson(app);
  const [session, made] = [await buildSession(app, alice), makeDevice(alice)];
  const accountSecretKey = randomBytes(32);
  const keys = { accountKey: ed25519PublicKey(accountSecretKey), recoveryPublicKey: ed25519PublicKey(randomBytes(32)) };
  const unsigned = firstManifest({ userId: alice.userId, username: alice.username, ...keys, devices: [made.listed], issuedAtMs: NOW_MS });
  const manifest = toSignedManifest(signManifest({ manifest: unsigned, accountSecretKey }));
  const input = { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey) };
  await expect(registerDevice(app, session, input)).rejects.toMatchObject({ code: expect.stringMatching(/stale_manifest|bad_request/) });
});

test("a device id is never given to a second device, whoever asks", async () => {
  const [alice, mallory] = [await buildPerson(app), await buildAccount(app)];
  const { session, input } = await attempt(mallory, makeDevice(mallory, alice.device.deviceId));
  await expect(registerDevice(app, session, input)).rejects.toMatchObject({ code: "bad_request" });
  expect(await app.prisma.deviceManifest.count({ where: { userId: mallory.userId } })).toBe(0);
});

test("a manifest that lists an unregistered device besides the new one is refused", async () => {
  const account = await buildAccount(app);
  const ghost = makeDevice(account, DeviceId.parse(`00000000${randomUUID().slice(8)}`));
  account.pin = null;
  const { session, made } = await attempt(account);
  account.pin = null;
  const manifest = signNext(account, { devices: [ghost.listed, made.listed] });
  const input = { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey) };
  await expect(registerDevice(app, session, input)).rejects.toMatchObject({ code: "bad_request" });
});

test("prekeys that the device did not sign are refused, and nothing is registered", async () => {
  const account = await buildAccount(app);
  const { session, input } = await attempt(account);
  const prekeys = makePrekeys(makeDevice(account).privateKey);
  await expect(registerDevice(app, session, { ...input, prekeys })).rejects.toMatchObject({ code: "bad_request" });
  expect(await app.prisma.device.count({ where: { userId: account.userId } })).toBe(0);
});

test("manifests are limited per account and day", async () => {
  const limited = await createTestApp({ env: { PARLEY_LIMITS: "0.1" } });
  const alice = await buildPerson(limited);
  await expect(buildDevice(limited, alice)).rejects.toMatchObject({ code: "rate_limited" });
  await limited.close();
});
