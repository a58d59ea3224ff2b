import { describe, expect, test } from "vitest";
import type { SignedManifest } from "@/server/contract/devices";
import { toBase64 } from "@/server/contract/encodings";
import type { DeviceId, UserId } from "@/server/contract/ids";
import { ed25519PublicKey } from "@/server/contract/signatures";
import {
  type Manifest,
  type ManifestDevice,
  parseManifest,
  signDevice,
  signManifest,
  toSignedManifest,
} from "@/server/contract/statements/manifest";
import { firstManifest, type ManifestPin, nextManifest, pinOf } from "@/server/contract/statements/manifest-pin";
import { generateIdentityKeyPair } from "../signal/keys";
import { takeManifests } from "./contacts";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const userId = "11111111-1111-4111-8111-111111111111" as UserId;

function device(): ManifestDevice {
  const deviceId = crypto.randomUUID() as DeviceId;
  return signDevice({ userId, deviceId, identityPrivateKey: generateIdentityKeyPair(random).privateKey, addedAtMs: 1, random });
}

type Keys = { account: Uint8Array; recovery: Uint8Array };
const newKeys = (): Keys => ({ account: random(32), recovery: random(32) });

function published(manifest: Manifest, keys: Keys, recoverySecretKey?: Uint8Array): { json: SignedManifest; pin: ManifestPin } {
  const signed = signManifest({ manifest, accountSecretKey: keys.account, ...(recoverySecretKey && { recoverySecretKey }) });
  const parsed = parseManifest(signed);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { json: toSignedManifest(signed), pin: pinOf(parsed) };
}

function publicHalves(keys: Keys) {
  return { accountKey: ed25519PublicKey(keys.account), recoveryPublicKey: ed25519PublicKey(keys.recovery) };
}

function account() {
  const keys = newKeys();
  const first = published(firstManifest({ userId, username: "bob", ...publicHalves(keys), devices: [device()], issuedAtMs: 1 }), keys);
  return { keys, first };
}

describe("what a device believes about an account", () => {
  test("pins the first manifest and follows devices that the account key adds", () => {
    const { keys, first } = account();
    const second = published(nextManifest(first.pin, { devices: [...first.pin.devices, device()], issuedAtMs: 2 }), keys);
    const { contact, rows } = takeManifests(undefined, userId, [first.json, second.json]);
    expect(contact?.pin.devices).toHaveLength(2);
    expect(contact?.candidate).toBeNull();
    expect(rows.map((row) => row.change)).toEqual([null, null]);
  });

  test("holds a new account key that the recovery key did not confirm until the person accepts it", () => {
    const { first } = account();
    const pinned = takeManifests(undefined, userId, [first.json]).contact;
    const thief = newKeys();
    const reset = published(nextManifest(first.pin, { ...publicHalves(thief), devices: [device()], issuedAtMs: 2 }), thief);
    const { contact, rows } = takeManifests(pinned, userId, [reset.json]);
    expect(contact?.pin.accountKey).toEqual(first.pin.accountKey);
    expect(contact?.candidate?.accountKey).toEqual(reset.pin.accountKey);
    expect(rows.map((row) => row.change)).toEqual(["key_changed"]);
  });

  test("goes on with a new account key that the recovery key confirmed, and says so", () => {
    const { keys, first } = account();
    const pinned = takeManifests(undefined, userId, [first.json]).contact;
    const rotated = { account: random(32), recovery: keys.recovery };
    const next = nextManifest(first.pin, { ...publicHalves(rotated), devices: [device()], issuedAtMs: 2 });
    const { contact, rows } = takeManifests(pinned, userId, [published(next, rotated, keys.recovery).json]);
    expect(contact?.candidate).toBeNull();
    expect(contact?.pin.accountKey).toEqual(ed25519PublicKey(rotated.account));
    expect(rows.map((row) => row.change)).toEqual(["key_rotated"]);
  });

  test("treats two manifests for one version as a changed key", () => {
    const { keys, first } = account();
    const one = published(nextManifest(first.pin, { devices: [device()], issuedAtMs: 2 }), keys);
    const other = published(nextManifest(first.pin, { devices: [device()], issuedAtMs: 3 }), keys);
    const pinned = takeManifests(undefined, userId, [first.json, one.json]).contact;
    expect(takeManifests(pinned, userId, [other.json]).contact?.candidate).not.toBeNull();
  });

  test("lets the owner's confirmed keys clear the ones that somebody else showed meanwhile", () => {
    const { keys, first } = account();
    const thief = newKeys();
    const reset = published(nextManifest(first.pin, { ...publicHalves(thief), devices: [device()], issuedAtMs: 2 }), thief);
    const held = takeManifests(takeManifests(undefined, userId, [first.json]).contact, userId, [reset.json]).contact;
    const rotated = { account: random(32), recovery: keys.recovery };
    const genuine = nextManifest(first.pin, { ...publicHalves(rotated), devices: [device()], issuedAtMs: 3 });
    const { contact } = takeManifests(held, userId, [published(genuine, rotated, keys.recovery).json]);
    expect(contact?.candidate).toBeNull();
    expect(contact?.pin.accountKey).toEqual(ed25519PublicKey(rotated.account));
  });

  test("takes nothing from a manifest of somebody else or with a changed byte", () => {
    const { first } = account();
    const otherUser = "22222222-2222-4222-8222-222222222222" as UserId;
    expect(takeManifests(undefined, otherUser, [first.json])).toEqual({ contact: undefined, rows: [] });
    const forged = { ...first.json, signatureBase64: toBase64(random(64)) };
    expect(takeManifests(undefined, userId, [forged])).toEqual({ contact: undefined, rows: [] });
  });

  test("does not warn of a reset that happened before it knew the account", () => {
    const { first } = account();
    const later = newKeys();
    const reset = published(nextManifest(first.pin, { ...publicHalves(later), devices: [device()], issuedAtMs: 2 }), later);
    const { contact } = takeManifests(undefined, userId, [first.json, reset.json]);
    expect(contact?.candidate).toBeNull();
    expect(contact?.pin.generation).toBe(2);
  });
});
