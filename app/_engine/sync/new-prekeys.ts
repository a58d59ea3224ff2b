/** Makes prekeys: private halves for the store, public halves for the server. Ids come from one series and are never used again. */
import type { PrekeyUpload } from "@/server/contract/devices";
import { toBase64 } from "@/server/contract/encodings";
import {
  generateKemPrekeys,
  generateOneTimePrekeys,
  generateSignedPrekey,
  type KemPrekeyUpload,
  type SignedPrekeyUpload,
} from "../signal/keys";
import type { IdentityKeyPair } from "../signal/session-state";
import type { Secret } from "../storage/secrets";

export type Wanted = { signed: boolean; oneTime: number; kemOneTime: number };
export type NewPrekeys = { secrets: Secret[]; upload: PrekeyUpload; nextKeyId: number };

/** `signed`: a new signed prekey and, with it, a new KEM key of last resort. */
export function makePrekeys(
  identity: IdentityKeyPair,
  firstKeyId: number,
  wanted: Wanted,
  nowMs: number,
  random: (bytes: number) => Uint8Array,
): NewPrekeys {
  let keyId = firstKeyId;
  const take = (count: number) => {
    keyId += count;
    return keyId - count;
  };
  const secrets: Secret[] = [];
  const keep = (kind: Secret["kind"], id: number, secret: Uint8Array) =>
    secrets.push({ kind, keyId: id, secret, createdAtMs: nowMs, replacedAtMs: null });
  const upload: PrekeyUpload = { oneTime: [], kemOneTime: [] };
  if (wanted.signed) {
    const signed = generateSignedPrekey({ identity, keyId: take(1), nowMs, random });
    keep("signed_prekey", signed.record.keyId, signed.record.keyPair.privateKey);
    upload.signedPrekey = signedUpload(signed.upload);
    for (const kem of generateKemPrekeys({ identity, kind: "kem_last_resort", firstKeyId: take(1), count: 1, nowMs, random })) {
      keep("kem_last_resort", kem.record.keyId, kem.record.seed);
      upload.kemLastResort = signedUpload(kem.upload);
    }
  }
  for (const ec of generateOneTimePrekeys({ firstKeyId: take(wanted.oneTime), count: wanted.oneTime, random })) {
    keep("one_time", ec.record.keyId, ec.record.keyPair.privateKey);
    upload.oneTime.push({ keyId: ec.upload.keyId, publicKeyBase64: toBase64(ec.upload.publicKey) });
  }
  const kemRange = { firstKeyId: take(wanted.kemOneTime), count: wanted.kemOneTime };
  for (const kem of generateKemPrekeys({ identity, kind: "kem_one_time", ...kemRange, nowMs, random })) {
    keep("kem_one_time", kem.record.keyId, kem.record.seed);
    upload.kemOneTime.push(signedUpload(kem.upload));
  }
  return { secrets, upload, nextKeyId: keyId };
}

function signedUpload(key: SignedPrekeyUpload | KemPrekeyUpload) {
  return {
    keyId: key.keyId,
    createdAtMs: key.createdAtMs,
    publicKeyBase64: toBase64(key.publicKey),
    signatureBase64: toBase64(key.signature),
  };
}
