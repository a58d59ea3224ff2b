/** Published known answers, through this product's own functions wherever their interface can carry them. */
import crypto from "node:crypto";
import { cbc } from "@noble/ciphers/aes.js";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { hkdf as nobleHkdf } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { shake128 } from "@noble/hashes/sha3.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, it } from "vitest";
import {
  clamp,
  decodeEcPublicKey,
  decodeKemPublicKey,
  type EcPrivateKey,
  type EcPublicKey,
  ecPublicKey,
  ed25519PublicKey,
  isEd25519PublicKey,
  signEd25519,
  verifyEd25519,
} from "@/server/contract/signatures";
import { testRuns } from "@/server/testing/test-runs";
import {
  agree,
  type CipherKey,
  decapsulate,
  decryptCbc,
  encapsulate,
  encryptCbc,
  hkdf,
  hmacSha256,
  type KemSeed,
  kemPublicKey,
} from "./primitives";
import { seededRandom } from "./testing/device";
import rfc4231 from "./testing/vectors/rfc-4231.json";
import rfc5869 from "./testing/vectors/rfc-5869.json";
import rfc8032 from "./testing/vectors/rfc-8032.json";

const { Point } = ed25519;
const typed = (u: Uint8Array) => concatBytes(Uint8Array.of(5), u) as EcPublicKey;
const x25519 = (scalar: Uint8Array, u: Uint8Array) => agree(scalar as EcPrivateKey, typed(u)) ?? new Uint8Array();

describe("X25519", () => {
  it.each([
    [
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
      true,
    ],
    // The top bit of this u is set. X25519 ignores it; whoever takes keys from outside refuses it first.
    [
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
      false,
    ],
  ])("gives RFC 7748 § 5.2's output for %s", (scalar, u, output, isKeyFromOutside) => {
    expect(bytesToHex(x25519(hexToBytes(scalar), hexToBytes(u)))).toBe(output);
    expect(decodeEcPublicKey(typed(hexToBytes(u))) !== null).toBe(isKeyFromOutside);
  });

  it("gives RFC 7748 § 5.2's outputs after 1 and 1,000 rounds", () => {
    let k = Uint8Array.of(9, ...new Uint8Array(31));
    let u = k;
    for (let round = 1; round <= 1_000; round++) {
      [k, u] = [Uint8Array.from(x25519(k, u)), k];
      if (round === 1) expect(bytesToHex(k)).toBe("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    expect(bytesToHex(k)).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
  });

  it("gives RFC 7748 § 6.1's keys and shared secret", () => {
    const alice = clamp(hexToBytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    const bob = clamp(hexToBytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    expect(bytesToHex(ecPublicKey(alice))).toBe("058520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    expect(bytesToHex(ecPublicKey(bob))).toBe("05de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    expect(bytesToHex(agree(alice, ecPublicKey(bob)) ?? new Uint8Array())).toBe(shared);
    expect(bytesToHex(agree(bob, ecPublicKey(alice)) ?? new Uint8Array())).toBe(shared);
  });
});

describe("Ed25519", () => {
  it.each(rfc8032.tests)("gives RFC 8032 § 7.1's key and signature: $name", ({ secret, publicKey, message, signature }) => {
    const [secretKey, key, signed] = [hexToBytes(secret), hexToBytes(publicKey), hexToBytes(message)];
    expect(bytesToHex(ed25519PublicKey(secretKey))).toBe(publicKey);
    expect(isEd25519PublicKey(key)).toBe(true);
    expect(bytesToHex(signEd25519(secretKey, signed))).toBe(signature);
    expect(verifyEd25519(key, signed, hexToBytes(signature))).toBe(true);
    expect(verifyEd25519(key, concatBytes(signed, Uint8Array.of(0)), hexToBytes(signature))).toBe(false);
  });

  it("gives OpenSSL's verdict for keys and R with every part of small order", () => {
    const secret = seededRandom("small parts")(32);
    const { scalar } = ed25519.utils.getExtendedPublicKey(secret);
    const [message, r] = [utf8ToBytes("one verdict"), 1_234_567n];
    const parts = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex));
    const verdicts = parts.flatMap((ofKey) =>
      parts.map((ofR) => {
        const key = Point.BASE.multiply(scalar).add(ofKey).toBytes();
        const R = Point.BASE.multiply(r).add(ofR).toBytes();
        const challenge = BigInt(`0x${bytesToHex(sha512(concatBytes(R, key, message)).reverse())}`);
        const signature = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + challenge * scalar)));
        const ours = verifyEd25519(key, message, signature);
        expect(ours).toBe(verifyByOpenssl(key, message, signature));
        return ours;
      }),
    );
    // Some have parts that cancel each other out, the most do not.
    expect([verdicts.length, verdicts.filter(Boolean).length]).toEqual([64, 8]);
  });
});

function verifyByOpenssl(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const spki = concatBytes(hexToBytes("302a300506032b6570032100"), publicKey);
  return crypto.verify(null, message, crypto.createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }), signature);
}

describe("HKDF-SHA-256", () => {
  // Infos of the protocol are ASCII, as hkdf takes them. A.1 and A.2 have other bytes: they go to the function underneath.
  it.each(rfc5869.cases)("gives RFC 5869's output: $output", ({ inputKey, salt, info, output }) => {
    const lengthBytes = output.length / 2;
    const derived = info === "" ? hkdf(hexToBytes(inputKey), hexToBytes(salt), info, lengthBytes) : null;
    const underneath = nobleHkdf(sha256, hexToBytes(inputKey), hexToBytes(salt), hexToBytes(info), lengthBytes);
    expect([derived, underneath].filter((bytes) => bytes !== null).map(bytesToHex)).toEqual(derived ? [output, output] : [output]);
  });

  it("gives what OpenSSL gives, with the protocol's infos and lengths", () => {
    const random = seededRandom("hkdf");
    for (const [info, lengthBytes] of [
      ["Parley_PQXDH_CURVE25519_SHA-256_ML-KEM-1024", 32],
      ["Parley ratchet v1", 64],
      ["Parley message keys v1", 80],
    ] as const) {
      const [inputKey, salt] = [random(32), random(32)];
      const expected = new Uint8Array(crypto.hkdfSync("sha256", inputKey, salt, utf8ToBytes(info), lengthBytes));
      expect(hkdf(inputKey, salt, info, lengthBytes)).toEqual(expected);
    }
  });
});

it.each(rfc4231.cases)("gives RFC 4231's HMAC-SHA-256: $mac", ({ key, data, mac }) => {
  expect(bytesToHex(hmacSha256(hexToBytes(key), hexToBytes(data))).slice(0, mac.length)).toBe(mac);
});

describe("AES-256-CBC", () => {
  const key = hexToBytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4") as CipherKey;
  const iv = hexToBytes("000102030405060708090a0b0c0d0e0f");
  const plaintext = hexToBytes(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
  );
  const ciphertext =
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b";

  it("encrypts as NIST SP 800-38A F.2.5, with a block of padding after it", () => {
    const encrypted = encryptCbc(key, iv, plaintext);
    expect(bytesToHex(encrypted.subarray(0, 64))).toBe(ciphertext);
    expect(encrypted.length).toBe(80);
    expect(decryptCbc(key, iv, encrypted)).toEqual(plaintext);
  });

  it("decrypts as NIST SP 800-38A F.2.6, which has no padding: by the function underneath, and not by decryptCbc", () => {
    expect(cbc(key, iv, { disablePadding: true }).decrypt(hexToBytes(ciphertext))).toEqual(plaintext);
    expect(decryptCbc(key, iv, hexToBytes(ciphertext))).toBeNull();
  });
});

/** ML-KEM-1024's known answers of NIST (ACVP) and of Wycheproof run in the suite of the package that computes it. Here are the functions
 *  around it, by answers that need no files: one digest of many rounds, and a second computation of what FIPS 203 demands. */
describe("ML-KEM-1024", () => {
  const random = seededRandom("ml-kem known answers");
  const seed = random(64) as KemSeed;
  const encapsulated = encapsulate(kemPublicKey(seed), () => random(32));

  // The form is that of Go's crypto/mlkem: everything is drawn from SHAKE-128 of nothing, and every answer goes into another SHAKE-128.
  // Go, CIRCL and PQClean agree on these digests for the final FIPS 203. (C2SP/CCTV's are for its draft.)
  const rounds = testRuns() >= 100 ? 10_000 : 100;
  const digests: Record<number, string> = {
    100: "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00",
    10000: "f1a3925c9cf8538bb104c56efb2f5ecb74cc3df25087460b73f6c873e96bcb6a",
  };

  it(`gives the accumulated answer of ${rounds} rounds of keys, encapsulations and implicit rejections`, { timeout: 600_000 }, () => {
    const [drawn, answers] = [shake128.create(), shake128.create({ dkLen: 32 })];
    for (let round = 0; round < rounds; round++) {
      const [roundSeed, m, wrong] = [drawn.xof(64) as KemSeed, drawn.xof(32), drawn.xof(1_568)];
      const { ciphertext, secret } = encapsulate(kemPublicKey(roundSeed), () => m);
      const opened = decapsulate(roundSeed, ciphertext);
      expect(opened.secret).toEqual(secret);
      answers.update(opened.publicKey.subarray(1)).update(ciphertext).update(secret).update(decapsulate(roundSeed, wrong).secret);
    }
    expect(bytesToHex(answers.digest())).toBe(digests[rounds]);
  });

  it("answers a ciphertext that is not genuine with SHAKE-256 of the seed's second half and the ciphertext (FIPS 203, algorithm 18)", () => {
    const { ciphertext, secret } = encapsulated;
    // A comparison that stopped at a zero byte would overlook the last of these changes.
    expect(ciphertext.subarray(0, 1_500)).toContain(0);
    for (const at of [0, 1, 700, 1_407, 1_408, 1_567]) {
      const changed = ciphertext.slice();
      changed[at] = (changed[at] as number) ^ 1;
      const expected = crypto.createHash("shake256", { outputLength: 32 }).update(seed.subarray(32)).update(changed).digest();
      expect(bytesToHex(decapsulate(seed, changed).secret)).toBe(bytesToHex(expected));
    }
    expect(decapsulate(seed, ciphertext).secret).toEqual(secret);
  });

  it("takes an encapsulation key only if all of its 1,024 coefficients are below 3,329 (FIPS 203 § 7.2)", () => {
    const good = kemPublicKey(seed);
    for (let index = 0; index < 1_024; index++) {
      for (const coefficient of [0, 3_328, 3_329, 4_095]) {
        const changed = withCoefficient(good, index, coefficient);
        expect(decodeKemPublicKey(changed) !== null).toBe(coefficient < 3_329);
      }
    }
    // The package refuses the same: a bound that it did not share would split those who can be written to.
    for (const index of [0, 511, 1_023]) {
      expect(() => ml_kem1024.encapsulate(withCoefficient(good, index, 3_328).subarray(1))).not.toThrow();
      expect(() => ml_kem1024.encapsulate(withCoefficient(good, index, 3_329).subarray(1))).toThrow();
    }
  });
});

/** The key with one 12-bit coefficient replaced; they lie two in three bytes, low bits first (FIPS 203, ByteEncode). */
function withCoefficient(key: Uint8Array, index: number, value: number): Uint8Array {
  const changed = Uint8Array.from(key);
  const at = 1 + Math.floor(index / 2) * 3;
  const [low, middle, high] = changed.subarray(at, at + 3) as unknown as [number, number, number];
  const bytes =
    index % 2 === 0 ? [value & 255, (middle & 0xf0) | (value >> 8), high] : [low, (middle & 0x0f) | ((value & 15) << 4), value >> 4];
  changed.set(bytes, at);
  return changed;
}
