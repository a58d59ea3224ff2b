/** Device manifests and prekeys: what travels between device and server. Formats of the signed bytes: statements/. */
import { z } from "zod";
import { Base64, TimeMs } from "./encodings";
import { ChatId, DeviceId, LogId, Seq, UserId } from "./ids";
import { KEM_ONE_TIME_PREKEYS, MAX_DEVICES_PER_ACCOUNT, MAX_MANIFEST_BYTES, ONE_TIME_PREKEYS } from "./limits";

export const KeyId = z.int().min(1).max(0x7fff_ffff);

/** A manifest as transmitted: the signed bytes, the account key's signature, and for a new generation the recovery key's. */
export const SignedManifest = z.object({
  manifestBase64: Base64(MAX_MANIFEST_BYTES, 1),
  signatureBase64: Base64(64, 64),
  recoverySignatureBase64: Base64(64, 64).nullable(),
});
export type SignedManifest = z.infer<typeof SignedManifest>;

/** X25519 prekey (33 bytes: type byte 0x05 and key). */
export const EcPrekey = z.object({ keyId: KeyId, publicKeyBase64: Base64(33, 33) });
export const SignedEcPrekey = EcPrekey.extend({ createdAtMs: TimeMs, signatureBase64: Base64(64, 64) });
/** ML-KEM-1024 prekey (1,569 bytes: type byte 0x08 and key), always signed. */
export const SignedKemPrekey = z.object({
  keyId: KeyId,
  createdAtMs: TimeMs,
  publicKeyBase64: Base64(1569, 1569),
  signatureBase64: Base64(64, 64),
});

export const PrekeyUpload = z.object({
  signedPrekey: SignedEcPrekey.optional(),
  kemLastResort: SignedKemPrekey.optional(),
  oneTime: z.array(EcPrekey).max(ONE_TIME_PREKEYS),
  kemOneTime: z.array(SignedKemPrekey).max(KEM_ONE_TIME_PREKEYS),
  /** Withdraws the one-time keys that are not in this upload: the device no longer has their private halves. */
  replaceOneTime: z.boolean().optional(),
});
export type PrekeyUpload = z.infer<typeof PrekeyUpload>;
export const PrekeyCount = z.object({ oneTime: z.int(), kemOneTime: z.int() });

/** Publishes the account's next manifest; the device in it that has no row yet is this session's. */
export const RegisterDevice = z.object({
  manifest: SignedManifest,
  deviceId: DeviceId,
  prekeys: PrekeyUpload.required({ signedPrekey: true, kemLastResort: true }),
});
export type RegisterDevice = z.infer<typeof RegisterDevice>;
export const Registered = z.object({ selfChatId: ChatId });

/** Publishes a manifest that adds no device: signs a device out in good order. */
export const PublishManifest = z.object({ manifest: SignedManifest });

/** Binds this session to a device that the account already has, proved by its identity key:
 *  XEdDSA over ("parley attach device v1", 0, userId, deviceId, UTF-8 sessionId). */
export const AttachDevice = z.object({ deviceId: DeviceId, signatureBase64: Base64(64, 64) });

export const GetManifests = z.object({
  userId: UserId,
  afterGeneration: z.int().min(0).default(0),
  afterVersion: z.int().min(0).default(0),
});
export const Manifests = z.object({ manifests: z.array(SignedManifest) });

export const ClaimPrekeys = z.object({ userId: UserId, deviceIds: z.array(DeviceId).min(1).max(MAX_DEVICES_PER_ACCOUNT) });
export const PrekeyBundle = z.object({
  deviceId: DeviceId,
  signedPrekey: SignedEcPrekey,
  /** Absent when drained or over the daily limit. */
  oneTimePrekey: EcPrekey.nullable(),
  kemPrekey: SignedKemPrekey,
  kemIsLastResort: z.boolean(),
});
export type PrekeyBundle = z.infer<typeof PrekeyBundle>;
/** Devices without published prekeys (revoked meanwhile) are left out. */
export const PrekeyBundles = z.object({ bundles: z.array(PrekeyBundle) });

export const SendCounters = z.object({ logId: LogId, counters: z.array(z.object({ chatId: ChatId, sendCounter: Seq })) });
