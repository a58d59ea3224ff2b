import { bytesToHex, hexToBytes, randomBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { decodeKemPublicKey, type EcPrivateKey, type EcPublicKey } from "@/server/contract/signatures";
import {
  agree,
  type CipherKey,
  decapsulate,
  decryptCbc,
  encapsulate,
  encryptCbc,
  generateKeyPair,
  hkdf,
  hmacSha256,
  type KemSeed,
  kemPublicKey,
  wipe,
} from "./primitives";

const privateKey = (hex: string) => hexToBytes(hex) as EcPrivateKey;
const publicKey = (hex: string) => hexToBytes(`05${hex}`) as EcPublicKey;

describe("X25519", () => {
  it.each([
    // RFC 7748 § 5.2 (first vector) and § 6.1.
    [
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ],
    [
      "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    ],
  ])("gives RFC 7748's shared secret for %s", (own, theirs, shared) => {
    expect(bytesToHex(agree(privateKey(own), publicKey(theirs)) ?? new Uint8Array())).toBe(shared);
  });

  it("refuses an all-zero shared secret", () => {
    for (const u of [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]) {
      expect(agree(generateKeyPair(randomBytes).privateKey, publicKey(u))).toBeNull();
    }
  });
});

it("gives RFC 5869's key (test case 3: neither salt nor info)", () => {
  expect(bytesToHex(hkdf(new Uint8Array(22).fill(0x0b), new Uint8Array(32), "", 42))).toBe(
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
});

it("gives RFC 4231's MAC (test case 2)", () => {
  expect(bytesToHex(hmacSha256(utf8ToBytes("Jefe"), utf8ToBytes("what do ya want for nothing?")))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

it("encrypts as NIST SP 800-38A F.2.5, with a block of padding after it", () => {
  const key = hexToBytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4") as CipherKey;
  const iv = hexToBytes("000102030405060708090a0b0c0d0e0f");
  const plaintext = hexToBytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  const ciphertext = encryptCbc(key, iv, plaintext);
  expect(bytesToHex(ciphertext.subarray(0, 32))).toBe("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
  expect(ciphertext.length).toBe(48);
  expect(decryptCbc(key, iv, ciphertext)).toEqual(plaintext);
  expect(decryptCbc(key, iv, ciphertext.subarray(0, 47))).toBeNull();
  expect(decryptCbc(key, iv, ciphertext.subarray(0, 32))).toBeNull();
  expect(decryptCbc(key, iv, new Uint8Array(0))).toBeNull();
});

it("agrees on a secret by ML-KEM-1024, and on none with a ciphertext for another key", () => {
  const [seed, other] = [randomBytes(64) as KemSeed, randomBytes(64) as KemSeed];
  const theirs = kemPublicKey(seed);
  expect(decodeKemPublicKey(theirs)).toEqual(theirs);
  const { ciphertext, secret } = encapsulate(theirs, randomBytes);
  expect(ciphertext.length).toBe(1_568);
  expect(decapsulate(seed, ciphertext)).toEqual({ publicKey: theirs, secret });
  expect(decapsulate(other, ciphertext).secret).not.toEqual(secret);
});

it("overwrites secrets", () => {
  const secret = Uint8Array.of(1, 2, 3);
  wipe(secret);
  expect(secret).toEqual(new Uint8Array(3));
});
