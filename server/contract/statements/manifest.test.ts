import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import { uuidToBytes } from "../encodings";
import { MAX_DEVICES_PER_ACCOUNT, MAX_MANIFEST_BYTES } from "../limits";
import { ed25519PublicKey, signEd25519, signingInput } from "../signatures";
import { type CborValue, encodeCanonical } from "./cbor";
import {
  fromSignedManifest,
  MANIFEST_HASH_LABEL,
  MANIFEST_LABEL,
  type ManifestFault,
  parseManifest,
  signManifest,
  toSignedManifest,
} from "./manifest";
import { nextManifest, pinOf } from "./manifest-pin";
import { mutations } from "./mutate-bytes";
import { accountSecret, device, firstOf, forge, publish, recoverySecret, START_MS, signBytes, wireOf } from "./test-account";

const secret = accountSecret("alice");
const one = publish("alice", firstOf("alice"));
const two = publish("alice", nextManifest(pinOf(one), { devices: [device("alice", 1), device("alice", 2)], issuedAtMs: START_MS + 1_000 }));
const three = publish(
  "alice",
  nextManifest(pinOf(two), {
    devices: [device("alice", 2)],
    accountKey: ed25519PublicKey(accountSecret("alice", 2)),
    recoveryPublicKey: ed25519PublicKey(recoverySecret("alice", 2)),
    issuedAtMs: START_MS + 2_000,
  }),
  recoverySecret("alice", 1),
);

/** Points whose order divides 8 (RFC 7748's base field, canonical spellings). */
const SMALL_ORDER_KEYS = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];

const reasonFor = (fields: Record<string, CborValue>, from = two): ManifestFault | "accepted" => {
  const parsed = parseManifest(forge(from, fields, secret));
  return parsed.ok ? "accepted" : parsed.reason;
};
const wireDevices = wireOf(two).devices as Record<string, CborValue>[];
const [firstDevice = {}, secondDevice = {}] = wireDevices;

describe("a manifest's format", () => {
  test("comes back as it was written, and passes through the API unharmed", () => {
    expect(three.manifest).toEqual(nextManifest(pinOf(two), { ...three.manifest }));
    expect(fromSignedManifest(toSignedManifest(three.signed))).toEqual(three.signed);
    expect(fromSignedManifest(toSignedManifest(one.signed))).toEqual(one.signed);
  });

  test("links each manifest to the one before by its hash", () => {
    expect(one.manifest.previousHash).toBeNull();
    expect(two.manifest.previousHash).toEqual(one.hash);
    expect(three.manifest.previousHash).toEqual(two.hash);
    expect(three.manifest).toMatchObject({ generation: 2, version: 3 });
  });

  test("has room for the most devices, and for none", () => {
    const devices = Array.from({ length: MAX_DEVICES_PER_ACCOUNT }, (_, i) => device("alice", i + 1));
    const full = publish("alice", nextManifest(pinOf(one), { devices, issuedAtMs: Number.MAX_SAFE_INTEGER }));
    expect(full.manifest.devices).toHaveLength(MAX_DEVICES_PER_ACCOUNT);
    expect(full.signed.manifest.length).toBeLessThan(MAX_MANIFEST_BYTES);
    const tooMany = [...devices, device("alice", MAX_DEVICES_PER_ACCOUNT + 1)];
    expect(() => publish("alice", nextManifest(pinOf(one), { devices: tooMany, issuedAtMs: START_MS }))).toThrow(RangeError);
    expect(publish("alice", nextManifest(pinOf(one), { devices: [], issuedAtMs: START_MS })).manifest.devices).toEqual([]);
  });
});

describe("a manifest is refused", () => {
  test.each<[string, Record<string, CborValue>, ManifestFault]>([
    ["of another format version", { v: 2 }, "wrong_shape"],
    ["with an unknown key", { note: "x" }, "wrong_shape"],
    ["with a key called __proto__", JSON.parse('{"__proto__": {}}'), "wrong_shape"],
    ["with an unknown key in a device", { devices: [{ ...firstDevice, name: "x" }] }, "wrong_shape"],
    ["with a user id of 15 bytes", { userId: new Uint8Array(15) }, "wrong_shape"],
    ["with a user id as text", { userId: "alice" }, "wrong_shape"],
    ["with a user name in capitals", { username: "Alice" }, "wrong_shape"],
    ["with a user name that ends in a line break", { username: "alice\n" }, "wrong_shape"],
    ["with a user name that is too short", { username: "al" }, "wrong_shape"],
    ["with generation 0", { generation: 0 }, "wrong_shape"],
    ["with a version beyond four bytes", { version: 2 ** 31 }, "wrong_shape"],
    ["with a negative time", { issuedAtMs: -1 }, "wrong_shape"],
    ["with an account key of 33 bytes", { accountKey: new Uint8Array(33) }, "wrong_shape"],
    ["with a generation above its version", { generation: 3 }, "wrong_numbers"],
    ["with version 1 and a previous hash", { version: 1 }, "wrong_numbers"],
    ["with version 2 and no previous hash", { previousHash: null }, "wrong_numbers"],
    ["with devices out of order", { devices: [secondDevice, firstDevice] }, "devices_not_distinct"],
    ["with a device twice", { devices: [firstDevice, firstDevice] }, "devices_not_distinct"],
    [
      "with one identity key under two device ids",
      { devices: [firstDevice, { ...firstDevice, deviceId: new Uint8Array(16).fill(255) }] },
      "devices_not_distinct",
    ],
    [
      "with an identity key of another type",
      { devices: [{ ...firstDevice, identityKey: new Uint8Array(33).fill(8) }] },
      "bad_device_signature",
    ],
    ["with a device that did not sign", { devices: [{ ...firstDevice, deviceSignature: new Uint8Array(64) }] }, "bad_device_signature"],
    [
      "with a device id that its device did not sign",
      { devices: [{ ...firstDevice, deviceId: new Uint8Array(16) }] },
      "bad_device_signature",
    ],
  ])("%s", (_, fields, reason) => {
    expect(reasonFor(fields)).toBe(reason);
  });

  test("foreign_identity_key_in_manifest: a device of somebody else can't be listed, with its own signature or without", () => {
    const [bobs] = wireOf(publish("bob", firstOf("bob"))).devices as CborValue[];
    expect(reasonFor({ devices: [bobs as CborValue] })).toBe("bad_device_signature");
    const bobsKey = (bobs as Record<string, CborValue>).identityKey as Uint8Array;
    expect(reasonFor({ devices: [{ ...firstDevice, identityKey: bobsKey }] })).toBe("bad_device_signature");
  });

  test("small_order_account_key: a key that signs anything is no key, as account key and as recovery key", () => {
    for (const key of SMALL_ORDER_KEYS.map(hexToBytes)) {
      const manifest = encodeCanonical({ ...wireOf(one), accountKey: key });
      // R = A's identity and S = 0 satisfy a lax verifier for half or all of the messages.
      const anything = concatBytes(hexToBytes(SMALL_ORDER_KEYS[0] as string), new Uint8Array(32));
      expect(parseManifest({ manifest, signature: anything, recoverySignature: null })).toEqual({ ok: false, reason: "bad_key" });
      expect(reasonFor({ recoveryPublicKey: key })).toBe("bad_key");
    }
  });

  test("with a key that is no point, or a second spelling of one", () => {
    for (const hex of [`02${"00".repeat(31)}`, "ff".repeat(32), `ee${"ff".repeat(30)}7f`, `f0${"ff".repeat(30)}ff`]) {
      expect(reasonFor({ recoveryPublicKey: hexToBytes(hex) })).toBe("bad_key");
    }
  });

  test("torsion_R_same_verdict: a signature that only verifiers with a cofactor accept is refused", () => {
    const { manifest } = one.signed;
    const message = signingInput(MANIFEST_LABEL, manifest);
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(secret);
    const { Fn, BASE, fromBytes } = { Fn: ed25519.Point.Fn, BASE: ed25519.Point.BASE, fromBytes: ed25519.Point.fromBytes };
    const torsion = fromBytes(hexToBytes(SMALL_ORDER_KEYS[4] as string));
    const r = 123_456_789n;
    const R = BASE.multiply(r).add(torsion).toBytes();
    const digest = sha512(concatBytes(R, pointBytes, message));
    const k = Fn.create(BigInt(`0x${bytesToHex(digest.toReversed())}`));
    const s = Fn.toBytes(Fn.create(r + k * scalar));
    const signature = concatBytes(R, s);
    expect(ed25519.verify(signature, message, pointBytes, { zip215: true })).toBe(true);
    expect(parseManifest({ manifest, signature, recoverySignature: null })).toEqual({ ok: false, reason: "bad_signature" });
  });

  test("without the account key's signature: another's, another manifest's, another statement's, or a changed one", () => {
    const { manifest, signature } = one.signed;
    const withSignature = (other: Uint8Array) => parseManifest({ manifest, signature: other, recoverySignature: null });
    const changed = signature.slice();
    changed[63] = (changed[63] as number) ^ 0x20;
    const others = [
      signBytes(manifest, accountSecret("mallory")).signature,
      two.signed.signature,
      signEd25519(secret, signingInput(MANIFEST_HASH_LABEL, manifest)),
      signEd25519(secret, manifest),
      changed,
      new Uint8Array(64),
      signature.subarray(0, 63),
      concatBytes(signature, new Uint8Array(1)),
    ];
    for (const other of others) expect(withSignature(other)).toEqual({ ok: false, reason: "bad_signature" });
    expect(withSignature(signature).ok).toBe(true);
  });

  test("in any form but its only one", () => {
    const { manifest } = one.signed;
    const indefinite = concatBytes(Uint8Array.of(0xbf), manifest.subarray(1), Uint8Array.of(0xff));
    const trailing = concatBytes(manifest, Uint8Array.of(0));
    for (const bytes of [indefinite, trailing, new Uint8Array()]) {
      expect(parseManifest(signBytes(bytes, secret))).toEqual({ ok: false, reason: "malformed" });
    }
    expect(parseManifest(signBytes(new Uint8Array(MAX_MANIFEST_BYTES + 1), secret))).toEqual({ ok: false, reason: "too_large" });
    expect(parseManifest(signBytes(encodeCanonical([1]), secret))).toEqual({ ok: false, reason: "wrong_shape" });
  });

  test("before it is signed, when it could not be read", () => {
    const manifest = firstOf("alice");
    const refused = (changes: Partial<typeof manifest>, accountSecretKey = secret) =>
      expect(() => signManifest({ manifest: { ...manifest, ...changes }, accountSecretKey })).toThrow(RangeError);
    refused({}, accountSecret("mallory"));
    refused({ username: "no" });
    refused({ version: 2 });
    refused({ devices: [device("bob", 1)] });
  });
});

test("broken manifests are refused without an exception, signed or not", { timeout: 300_000 * Math.ceil(testRuns()) }, () => {
  const samples = [one.signed.manifest, two.signed.manifest, three.signed.manifest];
  let read = 0;
  for (const manifest of mutations(samples, 3_000 * testRuns())) {
    const isOriginal = samples.some((sample) => bytesToHex(sample) === bytesToHex(manifest));
    const parsed = parseManifest({ manifest, signature: one.signed.signature, recoverySignature: null });
    expect(parsed.ok && !isOriginal).toBe(false);
  }
  // Signed by the thief of an account key, so that what lies behind the signature is reached too.
  for (const manifest of mutations([two.signed.manifest], 500 * testRuns(), 2)) {
    const parsed = parseManifest(signBytes(manifest, secret));
    if (!parsed.ok) continue;
    read++;
    expect(encodeCanonical(wireOf(parsed))).toEqual(manifest);
    expect(uuidToBytes(parsed.manifest.userId)).toEqual(wireOf(parsed).userId);
  }
  expect(read).toBeGreaterThan(0);
});
