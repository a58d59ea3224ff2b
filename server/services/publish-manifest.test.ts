import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../testing/app";
import {
  buildChat,
  buildDevice,
  buildPerson,
  buildSession,
  makeDevice,
  makeEntry,
  removeDevice,
  signAttach,
  signNewKey,
  signNext,
} from "../testing/people";
import { attachDevice } from "./attach-device";
import { publishManifest } from "./publish-manifest";
import { sendEntries } from "./send-entries";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const sessionOf = (sessionId: string) => app.prisma.session.findUnique({ where: { sessionId } });

test("signing a device out deletes its cursors, parts, keys and session, cuts its sockets, and tells every chat", async () => {
  const [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  const phone = await buildDevice(app, alice);
  const chat = await buildChat(app, alice, bob);
  await sendEntries(app, bob.device.caller, { entries: [makeEntry(chat, [alice.device, phone])] });
  await removeDevice(app, alice, phone);
  const { deviceId } = phone;
  const left = [
    await app.prisma.deviceCursor.count({ where: { deviceId } }),
    await app.prisma.messagePart.count({ where: { deviceId } }),
    await app.prisma.encryptionKey.count({ where: { deviceId } }),
    await app.prisma.oneTimePrekey.count({ where: { deviceId } }),
  ];
  expect(left).toEqual([0, 0, 0, 0]);
  expect(await sessionOf(phone.caller.sessionId)).toBeNull();
  expect(app.ended).toEqual(expect.arrayContaining([deviceId, phone.caller.sessionId]));
  expect(await app.prisma.messagePart.count({ where: { deviceId: alice.device.deviceId } })).toBe(1);
  expect(await app.prisma.chat.findUnique({ where: { chatId: chat.chatId } })).toMatchObject({ lastSeq: 4n, audienceSeq: 4n });
});

test("a manifest repeated by its publisher changes nothing", async () => {
  const alice = await buildPerson(app);
  const phone = await buildDevice(app, alice);
  const manifest = signNext(alice, { devices: [alice.device.listed] });
  await publishManifest(app, alice.device.caller, { manifest });
  await publishManifest(app, alice.device.caller, { manifest });
  expect(await app.prisma.deviceManifest.count({ where: { userId: alice.userId } })).toBe(3);
  expect(phone.deviceId).not.toBe(alice.device.deviceId);
});

test("the last device may be signed out, and a new one registered after it", async () => {
  const alice = await buildPerson(app);
  await removeDevice(app, alice, alice.device);
  const next = await buildDevice(app, alice);
  const devices = await app.prisma.device.findMany({ where: { userId: alice.userId, revokedAt: null } });
  expect(devices.map(({ deviceId }) => deviceId)).toEqual([next.deviceId]);
});

test("a revoked device can publish nothing, and no manifest brings it back", async () => {
  const alice = await buildPerson(app);
  const phone = await buildDevice(app, alice);
  await removeDevice(app, alice, phone, alice.device);
  const before = alice.pin;
  await expect(publishManifest(app, phone.caller, { manifest: signNext(alice, { devices: [] }) })).rejects.toMatchObject({
    code: "device_required",
  });
  alice.pin = before;
  const devices = [alice.device.listed, phone.listed].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  await expect(publishManifest(app, alice.device.caller, { manifest: signNext(alice, { devices }) })).rejects.toMatchObject({
    code: "bad_request",
  });
});

test("a manifest that adds a device, resets the account or skips a version is refused", async () => {
  const alice = await buildPerson(app);
  const before = alice.pin;
  const refusal = async (manifest: ReturnType<typeof signNext>) =>
    publishManifest(app, alice.device.caller, { manifest }).catch((error: unknown) => error);
  expect(await refusal(signNext(alice, { devices: [makeDevice(alice).listed] }))).toMatchObject({ code: "bad_request" });
  const skipped = signNext(alice, { devices: [alice.device.listed] });
  expect(await refusal(skipped)).toMatchObject({ code: "stale_manifest" });
  alice.pin = before;
  expect(await refusal(signNewKey(alice, [alice.device.listed], { confirmed: false }))).toMatchObject({ code: "bad_request" });
});

test("ending all devices of an account waits for what is being sent to them, and leaves nothing of theirs", async () => {
  const [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  const phone = await buildDevice(app, alice);
  const chat = await buildChat(app, bob, alice);
  const sends = Array.from({ length: 10 }, () =>
    sendEntries(app, bob.device.caller, { entries: [makeEntry(chat, [alice.device, phone])] }),
  );
  const { rows } = await app.pool.query("SELECT revoke_all_devices($1) AS ended", [alice.userId]);
  await Promise.all(sends);
  expect(new Set(rows[0].ended)).toEqual(new Set([alice.device.caller.sessionId, phone.caller.sessionId]));
  expect(await app.prisma.messagePart.count({ where: { deviceId: { in: [alice.device.deviceId, phone.deviceId] } } })).toBe(0);
  expect(await app.prisma.device.count({ where: { userId: alice.userId, revokedAt: null } })).toBe(0);
});

test("a session becomes a device's by the device's signature over this very session", async () => {
  const alice = await buildPerson(app);
  const session = await buildSession(app, alice);
  await attachDevice(app, session, { deviceId: alice.device.deviceId, signatureBase64: signAttach(alice.device, session) });
  expect((await sessionOf(session.sessionId))?.deviceId).toBe(alice.device.deviceId);
});

test("a signature over another session, a stranger's device and a revoked one attach nothing", async () => {
  const [alice, mallory] = [await buildPerson(app), await buildPerson(app)];
  const [session, other] = [await buildSession(app, alice), await buildSession(app, alice)];
  const { deviceId } = alice.device;
  const attach = (caller: typeof session, signatureBase64: string, id = deviceId) =>
    attachDevice(app, caller, { deviceId: id, signatureBase64 }).catch((error: unknown) => error);
  expect(await attach(session, signAttach(alice.device, other))).toMatchObject({ code: "forbidden" });
  const malloryCaller = await buildSession(app, mallory);
  expect(await attach(malloryCaller, signAttach(alice.device, malloryCaller))).toMatchObject({ code: "device_required" });
  const phone = await buildDevice(app, alice);
  await removeDevice(app, alice, phone, alice.device);
  expect(await attach(session, signAttach(phone, session), phone.deviceId)).toMatchObject({ code: "device_required" });
  expect((await sessionOf(session.sessionId))?.deviceId).toBeNull();
});

test("a session that is one device's does not become another's", async () => {
  const alice = await buildPerson(app);
  const phone = await buildDevice(app, alice);
  const attempt = attachDevice(app, alice.device.caller, {
    deviceId: phone.deviceId,
    signatureBase64: signAttach(phone, alice.device.caller),
  });
  await expect(attempt).rejects.toMatchObject({ code: "forbidden" });
});
