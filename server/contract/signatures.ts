/** Public keys on the wire, what each signature covers, and the two signature schemes: one implementation for client and server,
 *  because verifiers that disagree split conversations. Pure functions on @noble; WebCrypto is never used here. */
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { clean, concatBytes, randomBytes } from "@noble/hashes/utils.js";

declare const brand: unique symbol;
declare const role: unique symbol;
/** X25519 public key as it travels: 0x05 and 32 bytes. Only decodeEcPublicKey and key generation make one. */
export type EcPublicKey = Uint8Array & { readonly [brand]: "ec-public" };
/** A device's identity key. */
export type IdentityPublicKey = EcPublicKey & { readonly [role]: "identity" };
/** ML-KEM-1024 public key as it travels: 0x08 and 1,568 bytes. */
export type KemPublicKey = Uint8Array & { readonly [brand]: "kem-public" };
/** X25519 private key: 32 clamped bytes. */
export type EcPrivateKey = Uint8Array & { readonly [brand]: "ec-private" };
export type PrekeyKind = "signed_prekey" | "kem_one_time" | "kem_last_resort";
/** Source of random bytes: new ones at each call, which the caller keeps or overwrites. */
export type Random = (lengthBytes: number) => Uint8Array;

const EC_TYPE_BYTE = 0x05;
export const KEM_TYPE_BYTE = 0x08;
export const EC_PUBLIC_KEY_BYTES = 33;
const KEM_PUBLIC_KEY_BYTES = 1_569;
export const SIGNATURE_BYTES = 64;

const PREKEY_LABEL = "parley prekey v1";
const DEVICE_LABEL = "parley device v1";
const ATTACH_LABEL = "parley attach device v1";

const PREKEY_KIND_BYTE: Record<PrekeyKind, number> = { signed_prekey: 1, kem_one_time: 2, kem_last_resort: 3 };

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const { Fp, Fn } = Point;

/** Compares without telling by its time where the difference is. Different lengths are unequal. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Checks a public key from outside (type byte 0x05, canonical, top bit clear, not of small order). Returns null for any other bytes.
 *  NOTE: noble and most libraries reduce u modulo p and ignore the top bit, so that one key has several spellings; a second
 *  spelling of a base key would get past a memory of what was seen. */
export function decodeEcPublicKey(bytes: Uint8Array): EcPublicKey | null {
  if (bytes.length !== EC_PUBLIC_KEY_BYTES || bytes[0] !== EC_TYPE_BYTE) return null;
  const u = littleEndian(bytes.subarray(1));
  if (u >= Fp.ORDER || SMALL_ORDER_U.has(u)) return null;
  return Uint8Array.from(bytes) as EcPublicKey;
}

/** decodeEcPublicKey for the key that identifies a device. */
export function decodeIdentityKey(bytes: Uint8Array): IdentityPublicKey | null {
  return decodeEcPublicKey(bytes) as IdentityPublicKey | null;
}

/** Checks an ML-KEM-1024 key from outside: type byte 0x08 and FIPS 203 § 7.2's modulus check. Returns null for any other bytes. */
export function decodeKemPublicKey(bytes: Uint8Array): KemPublicKey | null {
  if (bytes.length !== KEM_PUBLIC_KEY_BYTES || bytes[0] !== KEM_TYPE_BYTE) return null;
  // 4 polynomials of 256 coefficients, two in three bytes; the last 32 bytes are the matrix seed.
  for (let at = 1; at < KEM_PUBLIC_KEY_BYTES - 32; at += 3) {
    const [low, middle, high] = [bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number];
    if ((low | ((middle & 0x0f) << 8)) >= KEM_MODULUS || ((middle >> 4) | (high << 4)) >= KEM_MODULUS) return null;
  }
  return Uint8Array.from(bytes) as KemPublicKey;
}

/** The public key of an X25519 private key, as it travels. */
export function ecPublicKey(privateKey: EcPrivateKey): EcPublicKey {
  return concatBytes(Uint8Array.of(EC_TYPE_BYTE), x25519.getPublicKey(privateKey)) as EcPublicKey;
}

/** What a signature covers: ASCII label, 0, bytes. Throws RangeError for a label that is not printable ASCII. */
export function signingInput(label: string, ...parts: Uint8Array[]): Uint8Array {
  if (!/^[\x20-\x7e]+$/.test(label)) throw new RangeError("a label is printable ASCII");
  return concatBytes(new TextEncoder().encode(`${label}\0`), ...parts);
}

/** What the identity key signs for a prekey: kind byte (1 signed, 2 one-time KEM, 3 last-resort KEM), keyId u32, createdAtMs u64
 *  (both big-endian), public key with its type byte. Throws RangeError for numbers out of range. */
export function prekeySigningInput(kind: PrekeyKind, keyId: number, createdAtMs: number, publicKey: Uint8Array): Uint8Array {
  if (!Number.isInteger(keyId) || keyId < 0 || keyId > 0xffff_ffff) throw new RangeError("keyId is not a u32");
  if (!Number.isSafeInteger(createdAtMs) || createdAtMs < 0) throw new RangeError("createdAtMs is not a time");
  const fixed = new DataView(new ArrayBuffer(13));
  fixed.setUint8(0, PREKEY_KIND_BYTE[kind]);
  fixed.setUint32(1, keyId);
  fixed.setBigUint64(5, BigInt(createdAtMs));
  return signingInput(PREKEY_LABEL, new Uint8Array(fixed.buffer), publicKey);
}

/** What a device's identity key signs to be listed in its account's manifest: userId and deviceId (16 bytes each), identity key (33). */
export function deviceSigningInput(userId: Uint8Array, deviceId: Uint8Array, identityKey: Uint8Array): Uint8Array {
  assertLength(identityKey, EC_PUBLIC_KEY_BYTES);
  return signingInput(DEVICE_LABEL, id(userId), id(deviceId), identityKey);
}

/** What a device's identity key signs to bind a sign-in session to it: userId, deviceId (16 bytes each), UTF-8 session id. */
export function attachSigningInput(userId: Uint8Array, deviceId: Uint8Array, sessionIdUtf8: Uint8Array): Uint8Array {
  return signingInput(ATTACH_LABEL, id(userId), id(deviceId), sessionIdUtf8);
}

/** The Ed25519 public key (32 bytes) of a 32-byte secret key (RFC 8032 § 5.1.5). */
export function ed25519PublicKey(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey);
}

/** Signs with Ed25519 (RFC 8032 § 5.1.6). Returns 64 bytes. */
export function signEd25519(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, secretKey);
}

/** Verifies Ed25519 strictly: canonical encodings, S < L, no public key of small order, equation without the cofactor. Never throws.
 *  Verifiers that multiply by the cofactor accept an R with a small-order part; this one refuses it, like most other libraries. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== SIGNATURE_BYTES) return false;
  const point = decodePoint(publicKey);
  return point !== null && !point.isSmallOrder() && equationHolds(point, publicKey, message, signature);
}

/** Whether these 32 bytes are a key that verifyEd25519 could accept a signature of: a canonical point that is not of small order. */
export function isEd25519PublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && decodePoint(publicKey)?.isSmallOrder() === false;
}

/** Signs with an X25519 private key (XEdDSA § 4.3, curve25519): 64 bytes that verify under the key's Edwards point with sign bit 0. */
export function signXEdDSA(privateKey: EcPrivateKey, message: Uint8Array, random: Random = randomBytes): Uint8Array {
  const k = Fn.create(littleEndian(clamp(privateKey)));
  const E = Point.BASE.multiply(k);
  const publicBytes = E.toBytes();
  const isNegative = ((publicBytes[31] as number) & 0x80) !== 0;
  publicBytes[31] = (publicBytes[31] as number) & 0x7f;
  const a = isNegative ? Fn.neg(k) : k;
  const input = concatBytes(XEDDSA_HASH1_PREFIX, Fn.toBytes(a), message, random(64));
  const nonce = sha512(input);
  const r = Fn.create(littleEndian(nonce));
  clean(input, nonce);
  const R = Point.BASE.multiply(r).toBytes();
  const s = Fn.create(r + challenge(R, publicBytes, message) * a);
  return concatBytes(R, Fn.toBytes(s));
}

/** Verifies an XEdDSA signature under an X25519 public key with its type byte. Bytes that decodeEcPublicKey refuses verify nothing. */
export function verifyXEdDSA(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = decodeEcPublicKey(publicKey);
  return key !== null && verifyEd25519(montgomeryToEdwards(key), message, signature);
}

/** The Edwards y of an X25519 public key, y = (u - 1) / (u + 1), as an Ed25519 public key with sign bit 0 (XEdDSA § 2.3). */
export function montgomeryToEdwards(publicKey: EcPublicKey): Uint8Array {
  const u = littleEndian(publicKey.subarray(1));
  return Fp.toBytes(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))));
}

/** X25519's clamping (RFC 7748 § 5) of 32 bytes, on a copy. */
export function clamp(scalar: Uint8Array): EcPrivateKey {
  assertLength(scalar, 32);
  const clamped = Uint8Array.from(scalar);
  clamped[0] = (clamped[0] as number) & 248;
  clamped[31] = ((clamped[31] as number) & 127) | 64;
  return clamped as EcPrivateKey;
}

const KEM_MODULUS = 3_329;
/** hash_1 of XEdDSA § 4.1: 2^256 - 2 in little-endian order before the input. */
const XEDDSA_HASH1_PREFIX = Uint8Array.of(0xfe, ...new Array<number>(31).fill(0xff));
/** u of the points whose order divides 8, on the curve and on its twist (canonical spellings only; p and above are refused before). */
const SMALL_ORDER_U: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  Fp.ORDER - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

function equationHolds(point: Point, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const R = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= Fn.ORDER) return false;
  const h = challenge(R, publicKey, message);
  const expected = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(h));
  return constantTimeEqual(expected.toBytes(), R);
}

function challenge(R: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return Fn.create(littleEndian(sha512(concatBytes(R, publicKey, message))));
}

function decodePoint(bytes: Uint8Array): Point | null {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return null;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let hex = "0x";
  for (let i = bytes.length - 1; i >= 0; i--) hex += (bytes[i] as number).toString(16).padStart(2, "0");
  return BigInt(hex);
}

function id(bytes: Uint8Array): Uint8Array {
  assertLength(bytes, 16);
  return bytes;
}

function assertLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
}
