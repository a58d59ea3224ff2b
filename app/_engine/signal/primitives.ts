/** The cryptographic building blocks, with types that keep keys of different use apart. Everything is synchronous: it runs between the
 *  reads and the writes of one IndexedDB transaction, which would end at the first await on WebCrypto. */
import { cbc } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf as nobleHkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import {
  clamp,
  constantTimeEqual,
  type EcPrivateKey,
  type EcPublicKey,
  ecPublicKey,
  KEM_TYPE_BYTE,
  type KemPublicKey,
  type Random,
} from "@/server/contract/signatures";

declare const brand: unique symbol;
type Secret<Name extends string> = Uint8Array & { readonly [brand]: Name };
/** 32 bytes from which the next chains of both directions grow. */
export type RootKey = Secret<"root">;
/** 32 bytes from which the next message key and the next chain key grow. */
export type ChainKey = Secret<"chain">;
/** 32 bytes of which one message's keys are made: what is kept for a message that has not come yet. */
export type MessageKeySeed = Secret<"message-seed">;
/** 32 bytes that a key agreement or the KEM gave both sides. */
export type SharedSecret = Secret<"shared">;
/** AES-256 key of one message. */
export type CipherKey = Secret<"cipher">;
/** HMAC-SHA-256 key of one message, 32 bytes. */
export type MacKey = Secret<"mac">;
/** 64 bytes (FIPS 203's d and z) of which an ML-KEM key pair is made. */
export type KemSeed = Secret<"kem-seed">;

export type EcKeyPair = { readonly publicKey: EcPublicKey; readonly privateKey: EcPrivateKey };

export const KEM_CIPHERTEXT_BYTES = 1_568;
export const KEM_SEED_BYTES = 64;
const ZEROS_32 = new Uint8Array(32);

/** A new X25519 key pair from 32 random bytes. */
export function generateKeyPair(random: Random): EcKeyPair {
  const bytes = random(32);
  const privateKey = clamp(bytes);
  wipe(bytes);
  return { privateKey, publicKey: ecPublicKey(privateKey) };
}

/** X25519 (RFC 7748 § 5). Returns null when the shared secret is all zero: the other side chose a point of small order. */
export function agree(privateKey: EcPrivateKey, publicKey: EcPublicKey): SharedSecret | null {
  try {
    const shared = x25519.getSharedSecret(privateKey, publicKey.subarray(1));
    return constantTimeEqual(shared, ZEROS_32) ? null : (shared as SharedSecret);
  } catch {
    return null;
  }
}

/** HKDF-SHA-256 (RFC 5869) with an ASCII info. */
export function hkdf(inputKey: Uint8Array, salt: Uint8Array, info: string, lengthBytes: number): Uint8Array {
  return nobleHkdf(sha256, inputKey, salt, utf8ToBytes(info), lengthBytes);
}

/** HMAC-SHA-256 (RFC 2104) of the parts, joined. */
export function hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const mac = hmac.create(sha256, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** AES-256-CBC with PKCS #7 padding. */
export function encryptCbc(key: CipherKey, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return cbc(key, iv).encrypt(plaintext);
}

/** Undoes encryptCbc. Returns null for a wrong length or padding. Call it only after the MAC was verified. */
export function decryptCbc(key: CipherKey, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  try {
    return cbc(key, iv).decrypt(ciphertext);
  } catch {
    return null;
  }
}

/** The public key of an ML-KEM-1024 seed, as it travels. */
export function kemPublicKey(seed: KemSeed): KemPublicKey {
  const pair = ml_kem1024.keygen(seed);
  wipe(pair.secretKey);
  return withKemType(pair.publicKey);
}

/** ML-KEM-1024 encapsulation (FIPS 203 § 7.2) to a checked key. */
export function encapsulate(publicKey: KemPublicKey, random: Random): { ciphertext: Uint8Array; secret: SharedSecret } {
  const randomness = random(32);
  const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey.subarray(1), randomness);
  wipe(randomness);
  return { ciphertext: cipherText, secret: sharedSecret as SharedSecret };
}

/** ML-KEM-1024 decapsulation (FIPS 203 § 7.3) of 1,568 bytes. A ciphertext made for another key gives an unrelated secret. */
export function decapsulate(seed: KemSeed, ciphertext: Uint8Array): { publicKey: KemPublicKey; secret: SharedSecret } {
  const pair = ml_kem1024.keygen(seed);
  const secret = ml_kem1024.decapsulate(ciphertext, pair.secretKey) as SharedSecret;
  wipe(pair.secretKey);
  return { publicKey: withKemType(pair.publicKey), secret };
}

/** Overwrites secrets that are no longer needed. JavaScript may hold other copies: this shortens their life, no more. */
export function wipe(...secrets: Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

function withKemType(raw: Uint8Array): KemPublicKey {
  const typed = new Uint8Array(raw.length + 1);
  typed[0] = KEM_TYPE_BYTE;
  typed.set(raw, 1);
  return typed as KemPublicKey;
}
