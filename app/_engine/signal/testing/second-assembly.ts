/** The protocol's formulas a second time: Node's own cryptography (OpenSSL) and plain concatenation, nothing of the product. */
import crypto from "node:crypto";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

const PKCS8_X25519 = hexToBytes("302e020100300506032b656e04220420");
const SPKI_X25519 = hexToBytes("302a300506032b656e032100");

export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(crypto.createHash("sha256").update(bytes).digest());
}

export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const mac = crypto.createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return Uint8Array.from(mac.digest());
}

export function hkdf(input: Uint8Array, salt: Uint8Array, info: string, lengthBytes: number): Uint8Array {
  return new Uint8Array(crypto.hkdfSync("sha256", input, salt, utf8ToBytes(info), lengthBytes));
}

/** X25519 of 32 private and 33 public bytes. */
export function diffieHellman(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const spki = Buffer.from(concatBytes(SPKI_X25519, publicKey.subarray(1)));
  return Uint8Array.from(
    crypto.diffieHellman({
      privateKey: x25519PrivateKey(privateKey),
      publicKey: crypto.createPublicKey({ key: spki, format: "der", type: "spki" }),
    }),
  );
}

/** The 33 public bytes of an X25519 private key. */
export function publicOf(privateKey: Uint8Array): Uint8Array {
  const spki = crypto.createPublicKey(x25519PrivateKey(privateKey)).export({ format: "der", type: "spki" });
  return concatBytes(Uint8Array.of(5), spki.subarray(-32));
}

function x25519PrivateKey(privateKey: Uint8Array): crypto.KeyObject {
  return crypto.createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_X25519, privateKey)), format: "der", type: "pkcs8" });
}

/** u16 length ‖ bytes: a field of the associated data. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);
}

/** Big-endian. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Protocol Buffers: a field that is a number of up to 14 bits. */
export function varintField(field: number, value: number): Uint8Array {
  return concatBytes(Uint8Array.of(field * 8), varint(value));
}

/** Protocol Buffers: a field that is a byte string of up to 16,383 bytes. */
export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(field * 8 + 2), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, value >> 7);
}

/** One step of the ratchet: the next root key and the new chain's key. */
export function ratchetStep(rootKey: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array) {
  const derived = hkdf(diffieHellman(privateKey, publicKey), rootKey, "Parley ratchet v1", 64);
  return { rootKey: derived.subarray(0, 32), chainKey: derived.subarray(32) };
}

/** A whole message: `fields` are those behind the ciphertext (none in a ratchet message, which has type 1). */
export function assembleMessage(options: {
  type: 1 | 2;
  chainKey: Uint8Array;
  ratchetKey: Uint8Array;
  counter: number;
  previousLength: number;
  plaintext: Uint8Array;
  associatedDataSha256: Uint8Array;
  fields?: Uint8Array[];
}): Uint8Array {
  const { type, ratchetKey, counter, previousLength, plaintext, associatedDataSha256, fields = [] } = options;
  let { chainKey } = options;
  for (let passed = 0; passed < counter; passed++) chainKey = hmac(chainKey, Uint8Array.of(2));
  const keys = hkdf(hmac(chainKey, Uint8Array.of(1)), new Uint8Array(32), "Parley message keys v1", 80);
  const cipher = crypto.createCipheriv("aes-256-cbc", keys.subarray(0, 32), keys.subarray(64));
  const ciphertext = concatBytes(cipher.update(plaintext), cipher.final());
  const authenticated = concatBytes(
    Uint8Array.of(0x51, type),
    bytesField(1, ratchetKey),
    varintField(2, counter),
    varintField(3, previousLength),
    bytesField(4, ciphertext),
    ...fields,
  );
  return concatBytes(authenticated, hmac(keys.subarray(32, 64), associatedDataSha256, authenticated).subarray(0, 16));
}
