import { describe, expect, it } from "vitest";
import { decodeEcPublicKey, decodeIdentityKey, decodeKemPublicKey, prekeySigningInput, verifyXEdDSA } from "@/server/contract/signatures";
import { generateIdentityKeyPair, generateKemPrekeys, generateOneTimePrekeys, generateSignedPrekey, MAX_KEY_ID } from "./keys";
import { kemPublicKey } from "./primitives";
import { NOW_MS, seededRandom } from "./testing/device";

const random = seededRandom("keys");
const identity = generateIdentityKeyPair(random);

it("makes identity keys that the contract's decoder takes, each another one", () => {
  expect(decodeIdentityKey(identity.publicKey)).toEqual(identity.publicKey);
  expect(generateIdentityKeyPair().publicKey).not.toEqual(generateIdentityKeyPair().publicKey);
});

it("makes a signed prekey whose upload verifies under the identity key", () => {
  const { record, upload } = generateSignedPrekey({ identity, keyId: 5, nowMs: NOW_MS, random });
  expect(decodeEcPublicKey(upload.publicKey)).toEqual(record.keyPair.publicKey);
  const input = prekeySigningInput("signed_prekey", 5, NOW_MS, upload.publicKey);
  expect(verifyXEdDSA(identity.publicKey, input, upload.signature)).toBe(true);
  expect(record).toMatchObject({ keyId: 5, createdAtMs: NOW_MS });
});

it("makes one-time prekeys with ascending ids and different keys", () => {
  const made = generateOneTimePrekeys({ firstKeyId: 10, count: 20, random });
  expect(made.map(({ upload }) => upload.keyId)).toEqual(Array.from({ length: 20 }, (_, i) => 10 + i));
  expect(new Set(made.map(({ upload }) => String(upload.publicKey))).size).toBe(20);
  expect(made.every(({ record, upload }) => record.keyId === upload.keyId && record.keyPair.publicKey === upload.publicKey)).toBe(true);
});

describe.each(["kem_one_time", "kem_last_resort"] as const)("%s prekeys", (kind) => {
  it("keep a seed and verify for their kind only", () => {
    const made = generateKemPrekeys({ identity, kind, firstKeyId: 3, count: 2, nowMs: NOW_MS, random });
    const other = kind === "kem_one_time" ? "kem_last_resort" : "kem_one_time";
    for (const [i, { record, upload }] of made.entries()) {
      expect(record).toMatchObject({ keyId: 3 + i, kind, createdAtMs: NOW_MS });
      expect(record.seed.length).toBe(64);
      expect(kemPublicKey(record.seed)).toEqual(upload.publicKey);
      expect(decodeKemPublicKey(upload.publicKey)).toEqual(upload.publicKey);
      const verifies = (as: typeof kind) =>
        verifyXEdDSA(identity.publicKey, prekeySigningInput(as, 3 + i, NOW_MS, upload.publicKey), upload.signature);
      expect([verifies(kind), verifies(other)]).toEqual([true, false]);
    }
  });
});

it("refuses key ids outside 1 to 0x7fffffff", () => {
  for (const keyId of [0, -1, 1.5, MAX_KEY_ID + 1]) {
    expect(() => generateSignedPrekey({ identity, keyId, nowMs: NOW_MS, random })).toThrow(RangeError);
  }
  for (const [firstKeyId, count] of [
    [MAX_KEY_ID, 2],
    [1.5, 1],
    [1, 1.5],
    [5, -1],
  ] as const) {
    expect(() => generateOneTimePrekeys({ firstKeyId, count, random })).toThrow(RangeError);
  }
  expect(generateOneTimePrekeys({ firstKeyId: MAX_KEY_ID, count: 1, random }).length).toBe(1);
});
