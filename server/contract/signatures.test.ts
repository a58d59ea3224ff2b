import { ED25519_TORSION_SUBGROUP, ed25519, x25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import * as libsignal from "@signalapp/libsignal-client";
import { describe, expect, it } from "vitest";
import {
  attachSigningInput,
  clamp,
  constantTimeEqual,
  decodeEcPublicKey,
  decodeIdentityKey,
  decodeKemPublicKey,
  deviceSigningInput,
  type EcPrivateKey,
  ecPublicKey,
  ed25519PublicKey,
  prekeySigningInput,
  signEd25519,
  signingInput,
  signXEdDSA,
  verifyEd25519,
  verifyXEdDSA,
} from "./signatures";

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const message = utf8ToBytes("a statement");
const filled = (length: number, value: number) => new Uint8Array(length).fill(value);
const bytesLE = (value: bigint) => Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const numberLE = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const typed = (type: number, key: Uint8Array) => concatBytes(Uint8Array.of(type), key);

describe("Ed25519", () => {
  it.each([
    // RFC 8032 § 7.1, tests 1 to 3.
    {
      secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      text: "",
      signature:
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    },
    {
      secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      text: "72",
      signature:
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    },
    {
      secret: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      text: "af82",
      signature:
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    },
  ])("gives RFC 8032's signature for $text", ({ secret, publicKey, text, signature }) => {
    expect(bytesToHex(ed25519PublicKey(hexToBytes(secret)))).toBe(publicKey);
    expect(bytesToHex(signEd25519(hexToBytes(secret), hexToBytes(text)))).toBe(signature);
    expect(verifyEd25519(hexToBytes(publicKey), hexToBytes(text), hexToBytes(signature))).toBe(true);
    expect(verifyEd25519(hexToBytes(publicKey), utf8ToBytes("another text"), hexToBytes(signature))).toBe(false);
  });

  it("small_order_account_key: verifies nothing under a key of small order, in any spelling", () => {
    // With R = -hA and S = 0 (or R the neutral element where h is a multiple of the order) the equation can hold for any message.
    const neutral = Point.ZERO.toBytes();
    for (const hex of ED25519_TORSION_SUBGROUP) {
      for (const R of ED25519_TORSION_SUBGROUP.map(hexToBytes)) {
        expect(verifyEd25519(hexToBytes(hex), message, concatBytes(R, filled(32, 0)))).toBe(false);
      }
    }
    const negativeZero = neutral.slice();
    negativeZero[31] = 0x80;
    expect(verifyEd25519(negativeZero, message, concatBytes(neutral, filled(32, 0)))).toBe(false);
    expect(verifyEd25519(bytesLE(P + 1n), message, concatBytes(neutral, filled(32, 0)))).toBe(false);
  });

  it("torsion_R_same_verdict: refuses an R with a part of small order, which verifiers with a cofactor accept", () => {
    const secret = randomBytes(32);
    const publicKey = ed25519PublicKey(secret);
    const a = ed25519.utils.getExtendedPublicKey(secret).scalar;
    const r = 1234567n;
    for (const torsion of ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex))) {
      const R = Point.BASE.multiply(r).add(torsion).toBytes();
      const h = Point.Fn.create(numberLE(sha512(concatBytes(R, publicKey, message))));
      const signature = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + h * a)));
      expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
      expect(verifyEd25519(publicKey, message, signature)).toBe(torsion.is0());
    }
  });

  it("refuses a second spelling of S, other lengths and a public key that is no point", () => {
    const secret = randomBytes(32);
    const publicKey = ed25519PublicKey(secret);
    const signature = signEd25519(secret, message);
    const s = numberLE(signature.subarray(32));
    expect(verifyEd25519(publicKey, message, concatBytes(signature.subarray(0, 32), bytesLE(s + L)))).toBe(false);
    expect(verifyEd25519(publicKey, message, signature.subarray(1))).toBe(false);
    expect(verifyEd25519(publicKey.subarray(1), message, signature)).toBe(false);
    expect(verifyEd25519(bytesLE(2n), message, signature)).toBe(false);
    expect(verifyEd25519(publicKey, message, signature)).toBe(true);
  });
});

describe("XEdDSA", () => {
  const random = () => clamp(randomBytes(32));

  it("makes signatures that it and Signal's library verify, for keys of both signs", () => {
    for (let i = 0; i < 12; i++) {
      const privateKey = random();
      const publicKey = ecPublicKey(privateKey);
      const signature = signXEdDSA(privateKey, message);
      expect(verifyXEdDSA(publicKey, message, signature)).toBe(true);
      expect(libsignal.PublicKey.deserialize(Buffer.from(publicKey)).verify(Buffer.from(message), Buffer.from(signature))).toBe(true);
      expect(verifyXEdDSA(publicKey, utf8ToBytes("another"), signature)).toBe(false);
      expect(verifyXEdDSA(ecPublicKey(random()), message, signature)).toBe(false);
    }
  });

  it("verifies what Signal's library signs when the point's sign is the one of the specification, and only then", () => {
    const verdicts = Array.from({ length: 16 }, () => {
      const privateKey = libsignal.PrivateKey.generate();
      const signature = privateKey.sign(Buffer.from(message));
      const hasSignBit = ((signature[63] as number) & 0x80) !== 0;
      expect(verifyXEdDSA(privateKey.getPublicKey().serialize(), message, signature)).toBe(!hasSignBit);
      return hasSignBit;
    });
    expect(verdicts.length).toBe(16);
  });

  it("is randomised, and a function of its random bytes", () => {
    const privateKey = random();
    expect(signXEdDSA(privateKey, message)).not.toEqual(signXEdDSA(privateKey, message));
    expect(signXEdDSA(privateKey, message, (length) => filled(length, 1))).toEqual(
      signXEdDSA(privateKey, message, (length) => filled(length, 1)),
    );
  });

  it("keeps its bytes", () => {
    const privateKey = clamp(filled(32, 0x42));
    expect(bytesToHex(signXEdDSA(privateKey, message, (length) => filled(length, 7)))).toMatchInlineSnapshot(
      `"abfe6727324aafccb351f2bd2b77968e69122e306ff3583a42ab2ef3d37a9653da59cb5ae9e3ef8c4b9b359dc947b5cc814d6961df5ffff8cd1e50d6cde5fd09"`,
    );
  });

  it("refuses S with the top bit set, R changed, and public keys that are not decoded", () => {
    const privateKey = random();
    const publicKey = ecPublicKey(privateKey);
    const signature = signXEdDSA(privateKey, message);
    for (const at of [0, 31, 32, 62, 63]) {
      const changed = signature.slice();
      changed[at] = (changed[at] as number) ^ 0x80;
      expect(verifyXEdDSA(publicKey, message, changed)).toBe(false);
    }
    expect(verifyXEdDSA(publicKey.subarray(1), message, signature)).toBe(false);
    const topBit = publicKey.slice();
    topBit[32] = (topBit[32] as number) | 0x80;
    expect(verifyXEdDSA(topBit, message, signature)).toBe(false);
    expect(verifyXEdDSA(publicKey, message, signature)).toBe(true);
  });
});

describe("public keys on the wire", () => {
  it("small_order keys: refuses every spelling of every point of small order", () => {
    const u = [0n, 1n, P - 1n, P, P + 1n].map(bytesLE);
    const order8 = [
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ].map(hexToBytes);
    for (const key of [...u, ...order8]) {
      expect(decodeIdentityKey(typed(0x05, key))).toBeNull();
      const topBit = key.slice();
      topBit[31] = (topBit[31] as number) | 0x80;
      expect(decodeEcPublicKey(typed(0x05, topBit))).toBeNull();
      expect(() => x25519.getSharedSecret(clamp(randomBytes(32)), key)).toThrow();
    }
  });

  it("refuses an X25519 key at or above p, with the top bit set, of another type or of another length", () => {
    const good = ecPublicKey(clamp(filled(32, 9)));
    expect(decodeEcPublicKey(good)).toEqual(good);
    for (let above = 0n; above < 19n; above++) expect(decodeEcPublicKey(typed(0x05, bytesLE(P + above)))).toBeNull();
    expect(decodeEcPublicKey(typed(0x05, bytesLE(P - 2n)))).not.toBeNull();
    const topBit = good.slice();
    topBit[32] = (topBit[32] as number) | 0x80;
    expect(decodeEcPublicKey(topBit)).toBeNull();
    expect(decodeEcPublicKey(typed(0x06, good.subarray(1)))).toBeNull();
    expect(decodeEcPublicKey(good.subarray(1))).toBeNull();
    expect(decodeEcPublicKey(concatBytes(good, filled(1, 0)))).toBeNull();
  });

  it("refuses an ML-KEM key of another type or length, or with a coefficient at or above q", () => {
    const good = typed(0x08, ml_kem1024.keygen(filled(64, 3)).publicKey);
    expect(decodeKemPublicKey(good)).toEqual(good);
    expect(decodeKemPublicKey(typed(0x05, good.subarray(1)))).toBeNull();
    expect(decodeKemPublicKey(good.subarray(0, -1))).toBeNull();
    for (const [first, second] of [
      [3_329, 0],
      [0, 3_329],
      [4_095, 4_095],
    ] as const) {
      const bad = good.slice();
      bad.set([first & 255, (first >> 8) | ((second & 15) << 4), second >> 4], 1 + 3 * 500);
      expect(decodeKemPublicKey(bad)).toBeNull();
      expect(() => ml_kem1024.encapsulate(bad.subarray(1))).toThrow();
    }
  });

  it("copies what it decodes, also out of a Buffer", () => {
    const bytes = Buffer.from(ecPublicKey(clamp(filled(32, 9))));
    const key = decodeEcPublicKey(bytes);
    bytes.fill(0);
    expect(key?.[0]).toBe(0x05);
  });

  it("derives the public key of RFC 7748 § 6.1", () => {
    const privateKey = hexToBytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb") as EcPrivateKey;
    expect(bytesToHex(ecPublicKey(privateKey))).toBe("05de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  });
});

describe("signing inputs", () => {
  const ids = [filled(16, 1), filled(16, 2)] as const;

  it("puts the label, a zero and the bytes", () => {
    expect(bytesToHex(signingInput("ab", Uint8Array.of(1), Uint8Array.of(2)))).toBe("6162000102");
    expect(() => signingInput("")).toThrow(RangeError);
    expect(() => signingInput("a\0b")).toThrow(RangeError);
  });

  it("keeps the bytes of the prekey, device and attach statements", () => {
    const key = ecPublicKey(clamp(filled(32, 9)));
    const hex = bytesToHex(key);
    const label = (text: string) => `${bytesToHex(utf8ToBytes(text))}00`;
    for (const [kind, byte] of [
      ["signed_prekey", "01"],
      ["kem_one_time", "02"],
      ["kem_last_resort", "03"],
    ] as const) {
      expect(bytesToHex(prekeySigningInput(kind, 0x01020304, 1_750_000_000_000, key))).toBe(
        `${label("parley prekey v1")}${byte}01020304000001977420dc00${hex}`,
      );
    }
    expect(bytesToHex(deviceSigningInput(...ids, key))).toBe(`${label("parley device v1")}${"01".repeat(16)}${"02".repeat(16)}${hex}`);
    expect(bytesToHex(attachSigningInput(...ids, utf8ToBytes("s1")))).toBe(
      `${label("parley attach device v1")}${"01".repeat(16)}${"02".repeat(16)}7331`,
    );
  });

  it("refuses numbers and lengths that would make the bytes ambiguous", () => {
    const key = ecPublicKey(clamp(filled(32, 9)));
    for (const keyId of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => prekeySigningInput("signed_prekey", keyId, 0, key)).toThrow(RangeError);
    }
    for (const time of [-1, 0.5, 2 ** 53]) expect(() => prekeySigningInput("signed_prekey", 1, time, key)).toThrow(RangeError);
    expect(() => deviceSigningInput(ids[0], filled(15, 2), key)).toThrow(RangeError);
    expect(() => deviceSigningInput(...ids, key.subarray(1))).toThrow(RangeError);
    expect(() => attachSigningInput(filled(17, 1), ids[1], key)).toThrow(RangeError);
  });
});

it("compares bytes", () => {
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
});
