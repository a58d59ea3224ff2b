/** Accounts with fixed keys, and changed bytes, for tests of statements. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { bytesToUuid } from "../encodings";
import type { DeviceId, UserId } from "../ids";
import { clamp, ed25519PublicKey, signEd25519, signingInput } from "../signatures";
import { type CborValue, decodeStrict, encodeCanonical } from "./cbor";
import {
  MANIFEST_LABEL,
  MANIFEST_RECOVERY_LABEL,
  type Manifest,
  type ManifestDevice,
  type ParsedManifest,
  parseManifest,
  type SignedManifestBytes,
  signDevice,
  signManifest,
} from "./manifest";
import { firstManifest } from "./manifest-pin";

export const START_MS = 1_780_000_000_000;

/** 32 bytes that depend on `name` alone. */
export function fixedBytes(name: string): Uint8Array {
  return sha256(utf8ToBytes(name));
}

export function fixedUserId(name: string): UserId {
  return bytesToUuid(fixedBytes(`${name}'s user id`).subarray(0, 16)) as UserId;
}

export function accountSecret(name: string, generation = 1): Uint8Array {
  return fixedBytes(`${name}'s account key ${generation}`);
}

export function recoverySecret(name: string, number = 1): Uint8Array {
  return fixedBytes(`${name}'s recovery key ${number}`);
}

export function device(name: string, number: number): ManifestDevice {
  return signDevice({
    userId: fixedUserId(name),
    deviceId: bytesToUuid(fixedBytes(`${name}'s device ${number}`).subarray(0, 16)) as DeviceId,
    identityPrivateKey: clamp(fixedBytes(`${name}'s identity key ${number}`)),
    addedAtMs: START_MS + number,
    random: (lengthBytes) => new Uint8Array(lengthBytes).fill(number),
  });
}

/** The account's first manifest, with one device. */
export function firstOf(name: string): Manifest {
  return firstManifest({
    userId: fixedUserId(name),
    username: name,
    accountKey: ed25519PublicKey(accountSecret(name)),
    recoveryPublicKey: ed25519PublicKey(recoverySecret(name)),
    devices: [device(name, 1)],
    issuedAtMs: START_MS,
  });
}

/** Signs with the account key of the manifest's generation, and parses. */
export function publish(name: string, manifest: Manifest, recoverySecretKey?: Uint8Array): ParsedManifest {
  const accountSecretKey = accountSecret(name, manifest.generation);
  return accepted(signManifest({ manifest, accountSecretKey, ...(recoverySecretKey && { recoverySecretKey }) }));
}

export function accepted(signed: SignedManifestBytes): ParsedManifest {
  const parsed = parseManifest(signed);
  if (!parsed.ok) throw new Error(`refused: ${parsed.reason}`);
  return parsed;
}

/** What a client of another make might sign: the manifest's CBOR map with other fields, whatever they are. */
export function forge(parsed: ParsedManifest, fields: Record<string, CborValue>, secretKey: Uint8Array): SignedManifestBytes {
  return signBytes(encodeCanonical({ ...wireOf(parsed), ...fields }), secretKey);
}

export function wireOf({ signed }: ParsedManifest): Record<string, CborValue> {
  const decoded = decodeStrict(signed.manifest);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value as Record<string, CborValue>;
}

export function signBytes(manifest: Uint8Array, secretKey: Uint8Array, recoverySecretKey?: Uint8Array): SignedManifestBytes {
  return {
    manifest,
    signature: signEd25519(secretKey, signingInput(MANIFEST_LABEL, manifest)),
    recoverySignature: recoverySecretKey ? signEd25519(recoverySecretKey, signingInput(MANIFEST_RECOVERY_LABEL, manifest)) : null,
  };
}
