/** Starts a session from a prekey bundle that the server handed out: nothing in it is believed before its signatures are verified. */
import { randomBytes } from "@noble/hashes/utils.js";
import { decodeEcPublicKey, decodeKemPublicKey, type Random } from "@/server/contract/signatures";
import { type CheckedBundle, initiate } from "./handshake";
import { pqxdh } from "./pqxdh";
import { type LocalDevice, promote, type RemoteDevice, type SessionRecord } from "./session-state";
import type { Suite } from "./suite";

type BundlePrekey = {
  readonly keyId: number;
  readonly createdAtMs: number;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
};
/** A device's prekeys as bytes, as the server handed them out. */
export type PrekeyBundle = {
  readonly signedPrekey: BundlePrekey;
  readonly oneTimePrekey: { readonly keyId: number; readonly publicKey: Uint8Array } | null;
  readonly kemPrekey: (BundlePrekey & { readonly isLastResort: boolean }) | null;
};

export type StartSessionOptions = {
  readonly suite?: Suite;
  readonly local: LocalDevice;
  readonly remote: RemoteDevice;
  readonly bundle: PrekeyBundle;
  readonly record: SessionRecord | null;
  readonly nowMs: number;
  readonly random?: Random;
};

export type StartedSession =
  | { readonly ok: true; readonly record: SessionRecord }
  /** A key of the wrong type or length, not canonical, or of small order. */
  | { readonly ok: false; readonly reason: "bad_key" }
  /** Not signed by the manifest's identity key for this kind, id and time: the server (or the device) is lying. */
  | { readonly ok: false; readonly reason: "bad_signature" }
  /** The signed or last-resort prekey is over 37 days old: the server holds back newer ones, or the device has been away so long. */
  | { readonly ok: false; readonly reason: "stale_prekey" }
  /** No ML-KEM key in the bundle. */
  | { readonly ok: false; readonly reason: "missing_kem_prekey" };

/** Starts a session with `remote` and makes it the record's current one; the one before is archived. Encrypt the first message in it, and
 *  store the record before that message is sent. */
export function startSession(options: StartSessionOptions): StartedSession {
  const { suite = pqxdh, local, remote, record, nowMs, random = randomBytes } = options;
  const checked = checkBundle(suite, remote, options.bundle, nowMs);
  if (!checked.ok) return checked;
  const session = initiate(suite, local, remote, checked.bundle, { nowMs, random });
  return session === null ? { ok: false, reason: "bad_key" } : { ok: true, record: promote(record, session) };
}

type Checked = { ok: true; bundle: CheckedBundle } | Extract<StartedSession, { ok: false }>;

function checkBundle(suite: Suite, { identityKey }: RemoteDevice, bundle: PrekeyBundle, nowMs: number): Checked {
  const { signedPrekey, oneTimePrekey, kemPrekey } = bundle;
  const signedKey = decodeEcPublicKey(signedPrekey.publicKey);
  const oneTimeKey = oneTimePrekey && decodeEcPublicKey(oneTimePrekey.publicKey);
  if (signedKey === null || (oneTimePrekey !== null && oneTimeKey === null)) return { ok: false, reason: "bad_key" };
  if (!isSigned(suite, identityKey, "signed_prekey", signedPrekey)) return { ok: false, reason: "bad_signature" };
  if (isStale(suite, signedPrekey, nowMs)) return { ok: false, reason: "stale_prekey" };
  const oneTime = oneTimePrekey && oneTimeKey && { keyId: oneTimePrekey.keyId, publicKey: oneTimeKey };
  const signed = { keyId: signedPrekey.keyId, publicKey: signedKey };
  if (!suite.usesKem) return { ok: true, bundle: { signedPrekey: signed, oneTimePrekey: oneTime, kemPrekey: null } };
  if (kemPrekey === null) return { ok: false, reason: "missing_kem_prekey" };
  const kemKey = decodeKemPublicKey(kemPrekey.publicKey);
  if (kemKey === null) return { ok: false, reason: "bad_key" };
  const kind = kemPrekey.isLastResort ? "kem_last_resort" : "kem_one_time";
  if (!isSigned(suite, identityKey, kind, kemPrekey)) return { ok: false, reason: "bad_signature" };
  // One-time keys wait for as long as nobody takes them, so their age says nothing.
  if (kemPrekey.isLastResort && isStale(suite, kemPrekey, nowMs)) return { ok: false, reason: "stale_prekey" };
  const kem = { keyId: kemPrekey.keyId, publicKey: kemKey };
  return { ok: true, bundle: { signedPrekey: signed, oneTimePrekey: oneTime, kemPrekey: kem } };
}

function isSigned(
  suite: Suite,
  identityKey: RemoteDevice["identityKey"],
  kind: Parameters<Suite["prekeySigningInput"]>[0],
  { keyId, createdAtMs, publicKey, signature }: BundlePrekey,
): boolean {
  return suite.verifySignature(identityKey, suite.prekeySigningInput(kind, keyId, createdAtMs, publicKey), signature);
}

function isStale(suite: Suite, prekey: BundlePrekey, nowMs: number): boolean {
  return suite.maxPrekeyAgeMs !== null && nowMs - prekey.createdAtMs > suite.maxPrekeyAgeMs;
}
