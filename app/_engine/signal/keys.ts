/** Makes the keys that a device publishes: each as a private record for its store and as the bytes to upload. */
import { randomBytes } from "@noble/hashes/utils.js";
import {
  type EcPublicKey,
  type IdentityPublicKey,
  type KemPublicKey,
  type PrekeyKind,
  prekeySigningInput,
  type Random,
  signXEdDSA,
} from "@/server/contract/signatures";
import { type EcKeyPair, generateKeyPair, KEM_SEED_BYTES, type KemSeed, kemPublicKey } from "./primitives";
import type { IdentityKeyPair } from "./session-state";

export type SignedPrekey = { readonly keyId: number; readonly createdAtMs: number; readonly keyPair: EcKeyPair };
export type OneTimePrekey = { readonly keyId: number; readonly keyPair: EcKeyPair };
export type KemPrekeyKind = Exclude<PrekeyKind, "signed_prekey">;
export type KemPrekey = { readonly keyId: number; readonly kind: KemPrekeyKind; readonly createdAtMs: number; readonly seed: KemSeed };

export type OneTimePrekeyUpload = { readonly keyId: number; readonly publicKey: EcPublicKey };
export type SignedPrekeyUpload = {
  readonly keyId: number;
  readonly createdAtMs: number;
  readonly publicKey: EcPublicKey;
  readonly signature: Uint8Array;
};
export type KemPrekeyUpload = {
  readonly keyId: number;
  readonly createdAtMs: number;
  readonly publicKey: KemPublicKey;
  readonly signature: Uint8Array;
};
/** `record` stays on the device, `upload` goes to the server. */
export type Generated<Record, Upload> = { readonly record: Record; readonly upload: Upload };

export const MAX_KEY_ID = 0x7fff_ffff;

/** A device's identity key pair: X25519, signing by XEdDSA. */
export function generateIdentityKeyPair(random: Random = randomBytes): IdentityKeyPair {
  const { privateKey, publicKey } = generateKeyPair(random);
  return { privateKey, publicKey: publicKey as IdentityPublicKey };
}

/** A signed prekey (X3DH § 3.2). Throws RangeError unless keyId is 1 to 0x7fffffff. */
export function generateSignedPrekey(options: {
  identity: IdentityKeyPair;
  keyId: number;
  nowMs: number;
  random?: Random;
}): Generated<SignedPrekey, SignedPrekeyUpload> {
  const { identity, keyId, nowMs: createdAtMs, random = randomBytes } = options;
  assertKeyIds(keyId, 1);
  const keyPair = generateKeyPair(random);
  const { publicKey } = keyPair;
  const signature = signXEdDSA(identity.privateKey, prekeySigningInput("signed_prekey", keyId, createdAtMs, publicKey), random);
  return { record: { keyId, createdAtMs, keyPair }, upload: { keyId, createdAtMs, publicKey, signature } };
}

/** `count` one-time prekeys with ascending ids (X3DH § 3.2). Throws RangeError when an id would leave 1 to 0x7fffffff. */
export function generateOneTimePrekeys(options: {
  firstKeyId: number;
  count: number;
  random?: Random;
}): Generated<OneTimePrekey, OneTimePrekeyUpload>[] {
  const { firstKeyId, count, random = randomBytes } = options;
  assertKeyIds(firstKeyId, count);
  return Array.from({ length: count }, (_, i) => {
    const keyPair = generateKeyPair(random);
    return { record: { keyId: firstKeyId + i, keyPair }, upload: { keyId: firstKeyId + i, publicKey: keyPair.publicKey } };
  });
}

/** `count` ML-KEM-1024 prekeys with ascending ids (PQXDH § 3.2), each signed for its kind. Throws RangeError for ids out of range. */
export function generateKemPrekeys(options: {
  identity: IdentityKeyPair;
  kind: KemPrekeyKind;
  firstKeyId: number;
  count: number;
  nowMs: number;
  random?: Random;
}): Generated<KemPrekey, KemPrekeyUpload>[] {
  const { identity, kind, firstKeyId, count, nowMs: createdAtMs, random = randomBytes } = options;
  assertKeyIds(firstKeyId, count);
  return Array.from({ length: count }, (_, i) => {
    const keyId = firstKeyId + i;
    const seed = random(KEM_SEED_BYTES) as KemSeed;
    const publicKey = kemPublicKey(seed);
    const signature = signXEdDSA(identity.privateKey, prekeySigningInput(kind, keyId, createdAtMs, publicKey), random);
    return { record: { keyId, kind, createdAtMs, seed }, upload: { keyId, createdAtMs, publicKey, signature } };
  });
}

function assertKeyIds(first: number, count: number): void {
  const isValid = Number.isInteger(first) && Number.isInteger(count) && first >= 1 && count >= 0 && first + count - 1 <= MAX_KEY_ID;
  if (!isValid) throw new RangeError("key ids are 1 to 0x7fffffff");
}
