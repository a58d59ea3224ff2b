import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PrekeyBundle } from "../contract/devices";
import { DeviceId } from "../contract/ids";
import { ONE_TIME_CLAIMS_PER_DAY } from "../contract/limits";
import { createTestApp, type TestApp } from "../testing/app";
import { buildDevice, buildPerson, makeDevice, makePrekeys, removeDevice, type TestDevice, type TestPerson } from "../testing/people";
import { claimPrekeys } from "./claim-prekeys";
import { countKeys, publishKeys } from "./publish-keys";

let app: TestApp;
let alice: TestPerson;
beforeAll(async () => {
  app = await createTestApp();
  alice = await buildPerson(app);
});
afterAll(() => app.close());

async function claim(of: TestPerson, by: TestDevice = alice.device, deviceIds = [of.device.deviceId]): Promise<PrekeyBundle[]> {
  return (await claimPrekeys(app, by.caller, { userId: of.userId, deviceIds })).bundles;
}

test("a bundle holds the signed prekey and one-time keys of both kinds", async () => {
  const bob = await buildPerson(app, { oneTime: 2, kemOneTime: 1 });
  const [bundle] = await claim(bob);
  expect(bundle).toMatchObject({
    deviceId: bob.device.deviceId,
    signedPrekey: { keyId: 1 },
    oneTimePrekey: { keyId: 3 },
    kemPrekey: { keyId: 5 },
    kemIsLastResort: false,
  });
  expect(await countKeys(app, bob.device.caller)).toEqual({ oneTime: 1, kemOneTime: 0 });
});

test("claims at once never get the same key, and drained keys fall back to the lasting ones", async () => {
  const bob = await buildPerson(app, { oneTime: 20, kemOneTime: 2 });
  const bundles = (await Promise.all(Array.from({ length: 40 }, () => claim(bob)))).flat();
  const oneTime = bundles.flatMap(({ oneTimePrekey }) => oneTimePrekey?.keyId ?? []);
  expect(oneTime).toHaveLength(20);
  expect(new Set(oneTime).size).toBe(20);
  expect(
    bundles
      .filter(({ kemIsLastResort }) => !kemIsLastResort)
      .map(({ kemPrekey }) => kemPrekey.keyId)
      .sort(),
  ).toEqual([23, 24]);
  expect(bundles.filter(({ kemIsLastResort }) => kemIsLastResort).every(({ kemPrekey }) => kemPrekey.keyId === 2)).toBe(true);
  expect(await claim(bob)).toMatchObject([{ oneTimePrekey: null, kemIsLastResort: true }]);
});

test("over its share of the day a device gets bundles without one-time keys, and others still get theirs", async () => {
  const limited = await createTestApp({ env: { PARLEY_LIMITS: "1" } });
  const [carol, dan, erin] = [await buildPerson(limited), await buildPerson(limited), await buildPerson(limited, { oneTime: 10 })];
  const ask = async ({ caller }: TestDevice) =>
    (await claimPrekeys(limited, caller, { userId: erin.userId, deviceIds: [erin.device.deviceId] })).bundles[0];
  for (let i = 0; i < ONE_TIME_CLAIMS_PER_DAY; i++) expect((await ask(carol.device))?.oneTimePrekey).not.toBeNull();
  expect(await ask(carol.device)).toMatchObject({ oneTimePrekey: null, kemIsLastResort: true });
  expect((await ask(dan.device))?.oneTimePrekey).not.toBeNull();
  await limited.close();
});

test("revoked, unknown and other people's devices are left out", async () => {
  const bob = await buildPerson(app);
  const phone = await buildDevice(app, bob);
  await removeDevice(app, bob, phone, bob.device);
  const asked = [bob.device.deviceId, phone.deviceId, alice.device.deviceId, DeviceId.parse(randomUUID())];
  expect((await claim(bob, alice.device, asked)).map(({ deviceId }) => deviceId)).toEqual([bob.device.deviceId]);
});

test("an upload that is repeated after its keys were handed out brings none of them back", async () => {
  const bob = await buildPerson(app, { oneTime: 0, kemOneTime: 0 });
  const upload = {
    ...makePrekeys(bob.device.privateKey, { firstKeyId: 100, oneTime: 2, kemOneTime: 1 }),
    signedPrekey: undefined,
    kemLastResort: undefined,
  };
  expect(await publishKeys(app, bob.device.caller, upload)).toEqual({ oneTime: 2, kemOneTime: 1 });
  await claim(bob);
  expect(await publishKeys(app, bob.device.caller, upload)).toEqual({ oneTime: 1, kemOneTime: 0 });
});

test("a rotated signed prekey replaces the old one for good, whatever its date says", async () => {
  const bob = await buildPerson(app, { oneTime: 0, kemOneTime: 0 });
  const [old, next] = [
    makePrekeys(bob.device.privateKey, { oneTime: 0, kemOneTime: 0 }),
    makePrekeys(bob.device.privateKey, { firstKeyId: 11, oneTime: 0, kemOneTime: 0 }),
  ];
  await publishKeys(app, bob.device.caller, next);
  await publishKeys(app, bob.device.caller, old);
  expect(await claim(bob)).toMatchObject([{ signedPrekey: { keyId: 11 }, kemPrekey: { keyId: 12 }, kemIsLastResort: true }]);
});

test("a device that lost its private keys replaces what it had uploaded", async () => {
  const bob = await buildPerson(app, { oneTime: 3, kemOneTime: 1 });
  const upload = { ...makePrekeys(bob.device.privateKey, { firstKeyId: 50, oneTime: 2, kemOneTime: 1 }), replaceOneTime: true };
  expect(await publishKeys(app, bob.device.caller, upload)).toEqual({ oneTime: 2, kemOneTime: 1 });
  expect(await publishKeys(app, bob.device.caller, upload)).toEqual({ oneTime: 2, kemOneTime: 1 });
  expect(await claim(bob)).toMatchObject([{ oneTimePrekey: { keyId: 52 } }]);
});

test("keys that another key signed, or that are no keys, are refused", async () => {
  const bob = await buildPerson(app);
  const foreign = makePrekeys(makeDevice(bob).privateKey, { firstKeyId: 20 });
  const own = makePrekeys(bob.device.privateKey, { firstKeyId: 30 });
  const upload = (changes: Partial<typeof own>) =>
    publishKeys(app, bob.device.caller, { ...own, ...changes }).catch((error: unknown) => error);
  for (const changes of [
    { signedPrekey: foreign.signedPrekey },
    { kemLastResort: foreign.kemLastResort },
    { kemOneTime: foreign.kemOneTime },
  ]) {
    expect(await upload(changes)).toMatchObject({ code: "bad_request" });
  }
  const smallOrder = Buffer.concat([Buffer.of(5), Buffer.alloc(32)]).toString("base64");
  expect(await upload({ oneTime: [{ keyId: 40, publicKeyBase64: smallOrder }] })).toMatchObject({ code: "bad_request" });
  expect(await upload({ kemOneTime: own.kemOneTime.map((key) => ({ ...key, keyId: key.keyId + 1 })) })).toMatchObject({
    code: "bad_request",
  });
});

test("a device can't pile up keys without end", async () => {
  const bob = await buildPerson(app, { oneTime: 100, kemOneTime: 0 });
  const more = (firstKeyId: number) =>
    publishKeys(app, bob.device.caller, makePrekeys(bob.device.privateKey, { firstKeyId, oneTime: 100, kemOneTime: 0 }));
  expect(await more(1_000)).toMatchObject({ oneTime: 200 });
  await expect(more(2_000)).rejects.toMatchObject({ code: "bad_request" });
});

test("a revoked device can upload nothing", async () => {
  const bob = await buildPerson(app);
  const phone = await buildDevice(app, bob);
  await removeDevice(app, bob, phone, bob.device);
  await expect(publishKeys(app, phone.caller, makePrekeys(phone.privateKey))).rejects.toMatchObject({ code: "device_required" });
});
