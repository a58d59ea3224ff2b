/** Device manifests: the only list of an account's devices that anybody believes. This file knows one manifest by itself: its form and
 *  its signatures. Whether it may follow what a client knows of the account is judged in manifest-pin.ts. */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import type { SignedManifest } from "../devices";
import { fromBase64, TimeMs, toBase64, uuidToBytes } from "../encodings";
import type { DeviceId, UserId } from "../ids";
import { MAX_DEVICES_PER_ACCOUNT, MAX_MANIFEST_BYTES, USERNAME_PATTERN } from "../limits";
import {
  deviceSigningInput,
  EC_PUBLIC_KEY_BYTES,
  type EcPrivateKey,
  ecPublicKey,
  isEd25519PublicKey,
  type Random,
  SIGNATURE_BYTES,
  signEd25519,
  signingInput,
  signXEdDSA,
  verifyEd25519,
  verifyXEdDSA,
} from "../signatures";
import { decodeStrict, encodeCanonical } from "./cbor";
import { bytesField, countField, deviceIdField, HASH_BYTES, userIdField } from "./fields";

export const MANIFEST_LABEL = "parley manifest v1";
export const MANIFEST_RECOVERY_LABEL = "parley manifest recovery v1";
export const MANIFEST_HASH_LABEL = "parley manifest hash v1";

export type ManifestDevice = {
  deviceId: DeviceId;
  /** 33 bytes: 0x05 and the X25519 key. */
  identityKey: Uint8Array;
  addedAtMs: number;
  /** XEdDSA by the identity key over the user id, the device id and itself: nobody can list another's key. */
  deviceSignature: Uint8Array;
};

export type Manifest = {
  v: 1;
  userId: UserId;
  username: string;
  /** Grows by one with each new account key, and only then. */
  generation: number;
  /** Grows by one with each manifest of the account, over generations too. */
  version: number;
  /** manifestHash of the account's previous manifest; null in version 1 only. */
  previousHash: Uint8Array | null;
  /** Ed25519. */
  accountKey: Uint8Array;
  /** Ed25519; its secret half confirms the next account key. */
  recoveryPublicKey: Uint8Array;
  /** Sorted by id. Empty when the last device was signed out. */
  devices: ManifestDevice[];
  issuedAtMs: number;
};

/** A manifest as transmitted. The signatures are over `manifest` itself. */
export type SignedManifestBytes = { manifest: Uint8Array; signature: Uint8Array; recoverySignature: Uint8Array | null };

export type ManifestFault =
  /** Over MAX_MANIFEST_BYTES. */
  | "too_large"
  /** No strict CBOR. */
  | "malformed"
  /** A field is missing, unknown, or out of its bounds. */
  | "wrong_shape"
  /** Version 1 has generation 1 and no previous hash, later ones have a hash, and no generation is above the version. */
  | "wrong_numbers"
  /** Not in ascending order of ids, an id or a key twice. */
  | "devices_not_distinct"
  /** The account's or the recovery key is of small order or no point at all. */
  | "bad_key"
  | "bad_signature"
  /** The device's key did not sign its place in this account. */
  | "bad_device_signature";

export type ParsedManifest = { ok: true; manifest: Manifest; hash: Uint8Array; signed: SignedManifestBytes };
export type ManifestParsing = ParsedManifest | { ok: false; reason: ManifestFault };

const WireDevice = z.strictObject({
  deviceId: deviceIdField,
  identityKey: bytesField(EC_PUBLIC_KEY_BYTES),
  addedAtMs: TimeMs,
  deviceSignature: bytesField(SIGNATURE_BYTES),
});

const WireManifest = z.strictObject({
  v: z.literal(1),
  userId: userIdField,
  username: z.string().regex(USERNAME_PATTERN),
  generation: countField,
  version: countField,
  previousHash: bytesField(HASH_BYTES).nullable(),
  accountKey: bytesField(32),
  recoveryPublicKey: bytesField(32),
  devices: z.array(WireDevice).max(MAX_DEVICES_PER_ACCOUNT),
  issuedAtMs: TimeMs,
});

/** Signs a device's place in an account with the device's identity key. `random` gives the 64 bytes that XEdDSA wants. */
export function signDevice(device: {
  userId: UserId;
  deviceId: DeviceId;
  identityPrivateKey: EcPrivateKey;
  addedAtMs: number;
  random: Random;
}): ManifestDevice {
  const { userId, deviceId, identityPrivateKey, addedAtMs, random } = device;
  const identityKey = ecPublicKey(identityPrivateKey);
  const input = deviceSigningInput(uuidToBytes(userId), uuidToBytes(deviceId), identityKey);
  return { deviceId, identityKey, addedAtMs, deviceSignature: signXEdDSA(identityPrivateKey, input, random) };
}

/** Encodes and signs a manifest. `recoverySecretKey` is the one whose public half the *previous* manifest names; give it for a new
 *  generation and for a new recovery key. Throws RangeError for a manifest that parseManifest would refuse: another account's
 *  secret key, devices out of order, a device that did not sign. */
export function signManifest(input: {
  manifest: Manifest;
  /** Ed25519, 32 bytes. */
  accountSecretKey: Uint8Array;
  recoverySecretKey?: Uint8Array;
}): SignedManifestBytes {
  const manifest = encodeManifest(input.manifest);
  const signed = {
    manifest,
    signature: signEd25519(input.accountSecretKey, signingInput(MANIFEST_LABEL, manifest)),
    recoverySignature: input.recoverySecretKey
      ? signEd25519(input.recoverySecretKey, signingInput(MANIFEST_RECOVERY_LABEL, manifest))
      : null,
  };
  const parsed = parseManifest(signed);
  if (!parsed.ok) throw new RangeError(`not a manifest: ${parsed.reason}`);
  return signed;
}

/** Reads a manifest after checking its bytes, the account key's signature and each device's. The recovery key's signature can only be
 *  judged by who knows the previous manifest: see judgeManifest. Never throws. */
export function parseManifest(signed: SignedManifestBytes): ManifestParsing {
  const refused = (reason: ManifestFault): ManifestParsing => ({ ok: false, reason });
  if (signed.manifest.length > MAX_MANIFEST_BYTES) return refused("too_large");
  const decoded = decodeStrict(signed.manifest);
  if (!decoded.ok) return refused("malformed");
  const shape = WireManifest.safeParse(decoded.value);
  if (!shape.success) return refused("wrong_shape");
  const manifest: Manifest = shape.data;
  if (!isEd25519PublicKey(manifest.accountKey) || !isEd25519PublicKey(manifest.recoveryPublicKey)) return refused("bad_key");
  // The account key comes from the bytes themselves: only with a pin does this signature say more than "unharmed".
  if (!verifyEd25519(manifest.accountKey, signingInput(MANIFEST_LABEL, signed.manifest), signed.signature)) return refused("bad_signature");
  if (!numbersFit(manifest)) return refused("wrong_numbers");
  if (!devicesAreDistinct(manifest.devices)) return refused("devices_not_distinct");
  if (!manifest.devices.every((device) => deviceSigned(manifest.userId, device))) return refused("bad_device_signature");
  return { ok: true, manifest, hash: manifestHash(signed.manifest), signed };
}

/** The name of a manifest: links its successor, and stands in log entries and audience hashes. 32 bytes. */
export function manifestHash(manifestBytes: Uint8Array): Uint8Array {
  return sha256(signingInput(MANIFEST_HASH_LABEL, manifestBytes));
}

/** A signed manifest as the API carries it. */
export function toSignedManifest({ manifest, signature, recoverySignature }: SignedManifestBytes): SignedManifest {
  return {
    manifestBase64: toBase64(manifest),
    signatureBase64: toBase64(signature),
    recoverySignatureBase64: recoverySignature && toBase64(recoverySignature),
  };
}

/** A signed manifest from the API, after its schema was checked. Throws DOMException when a field is no base64. */
export function fromSignedManifest({ manifestBase64, signatureBase64, recoverySignatureBase64 }: SignedManifest): SignedManifestBytes {
  return {
    manifest: fromBase64(manifestBase64),
    signature: fromBase64(signatureBase64),
    recoverySignature: recoverySignatureBase64 === null ? null : fromBase64(recoverySignatureBase64),
  };
}

function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeCanonical({
    ...manifest,
    userId: uuidToBytes(manifest.userId),
    devices: manifest.devices.map((device) => ({ ...device, deviceId: uuidToBytes(device.deviceId) })),
  });
}

function numbersFit({ generation, version, previousHash }: Manifest): boolean {
  return generation <= version && (version === 1) === (previousHash === null);
}

function devicesAreDistinct(devices: readonly ManifestDevice[]): boolean {
  const keys = new Set(devices.map(({ identityKey }) => toBase64(identityKey)));
  const ascending = devices.every(({ deviceId }, i) => i === 0 || (devices[i - 1] as ManifestDevice).deviceId < deviceId);
  return ascending && keys.size === devices.length;
}

function deviceSigned(userId: UserId, { deviceId, identityKey, deviceSignature }: ManifestDevice): boolean {
  const input = deviceSigningInput(uuidToBytes(userId), uuidToBytes(deviceId), identityKey);
  return verifyXEdDSA(identityKey, input, deviceSignature);
}
