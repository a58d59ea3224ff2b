/** What a client remembers of an account (its pin), and whether another manifest may take its place. Server and clients judge by this
 *  one function, so that they can't disagree. Order is (generation, version): a generation that the recovery key confirmed outranks
 *  whatever a thief signed with the account key before. */

import type { UserId } from "../ids";
import { constantTimeEqual, signingInput, verifyEd25519 } from "../signatures";
import { MANIFEST_RECOVERY_LABEL, type Manifest, type ManifestDevice, type ParsedManifest } from "./manifest";

/** What a client remembers of an account. Plain values only: it can be stored as it is. */
export type ManifestPin = {
  userId: UserId;
  username: string;
  accountKey: Uint8Array;
  recoveryPublicKey: Uint8Array;
  generation: number;
  version: number;
  /** manifestHash of that manifest. */
  hash: Uint8Array;
  devices: ManifestDevice[];
};

type ManifestRefusal =
  | "user_changed"
  /** User names are for ever. */
  | "username_changed"
  /** A new account key inside a generation: it would have to start the next one. */
  | "account_key_changed"
  /** A new generation that keeps the account key. */
  | "account_key_kept"
  /** The next version, but more than one generation on. */
  | "generation_skipped"
  /** A known device id with another identity key: ids are never used again. */
  | "device_key_changed";

/** `follows`: it is the pinned manifest's direct successor (version + 1, and its hash). */
export type ManifestVerdict =
  /** Nothing was known: trust on first use. */
  | { verdict: "first" }
  | { verdict: "same" }
  /** Same account key, direct successor. */
  | { verdict: "next" }
  /** New account key, confirmed by the pinned recovery key. Without `follows` it outranks a branch that somebody else signed: a client
   *  takes it, a server does not. */
  | { verdict: "rotated"; follows: boolean }
  /** Direct successor with a new account or recovery key that the pinned recovery key did not confirm: identity reset. */
  | { verdict: "reset" }
  /** Lower than the pin. */
  | { verdict: "old" }
  /** Somebody signed two manifests for one version. */
  | { verdict: "conflict" }
  /** Can't be judged before the manifests between. */
  | { verdict: "gap" }
  | { verdict: "refused"; reason: ManifestRefusal };

/** Judges a manifest that parseManifest accepted against what is known of the account, null for nothing. Never throws.
 *  After `first`, `next` and `rotated` a client remembers pinOf(parsed); after `reset` and `conflict` only once its person agreed. */
export function judgeManifest(pin: ManifestPin | null, parsed: ParsedManifest): ManifestVerdict {
  if (!pin) return { verdict: "first" };
  const { manifest, hash } = parsed;
  if (manifest.userId !== pin.userId) return { verdict: "refused", reason: "user_changed" };
  if (manifest.username !== pin.username) return { verdict: "refused", reason: "username_changed" };
  if (manifest.generation < pin.generation) return { verdict: "old" };
  if (manifest.generation > pin.generation) return judgeNewGeneration(pin, parsed);
  if (manifest.version < pin.version) return { verdict: "old" };
  if (manifest.version === pin.version) return { verdict: constantTimeEqual(hash, pin.hash) ? "same" : "conflict" };
  return judgeSameGeneration(pin, parsed);
}

function judgeSameGeneration(pin: ManifestPin, parsed: ParsedManifest): ManifestVerdict {
  const { manifest } = parsed;
  if (!constantTimeEqual(manifest.accountKey, pin.accountKey)) return { verdict: "refused", reason: "account_key_changed" };
  if (manifest.version > pin.version + 1) return { verdict: "gap" };
  if (!follows(pin, manifest)) return { verdict: "conflict" };
  if (deviceKeyChanged(pin, manifest)) return { verdict: "refused", reason: "device_key_changed" };
  const recoveryKept = constantTimeEqual(manifest.recoveryPublicKey, pin.recoveryPublicKey);
  return { verdict: recoveryKept || isConfirmed(pin, parsed) ? "next" : "reset" };
}

function judgeNewGeneration(pin: ManifestPin, parsed: ParsedManifest): ManifestVerdict {
  const { manifest } = parsed;
  const isNext = manifest.generation === pin.generation + 1;
  const direct = follows(pin, manifest);
  const confirmed = isNext && isConfirmed(pin, parsed);
  if (!confirmed && !direct) return { verdict: "gap" };
  if (!isNext) return { verdict: "refused", reason: "generation_skipped" };
  if (constantTimeEqual(manifest.accountKey, pin.accountKey)) return { verdict: "refused", reason: "account_key_kept" };
  if (deviceKeyChanged(pin, manifest)) return { verdict: "refused", reason: "device_key_changed" };
  return confirmed ? { verdict: "rotated", follows: direct } : { verdict: "reset" };
}

function follows(pin: ManifestPin, manifest: Manifest): boolean {
  return manifest.version === pin.version + 1 && manifest.previousHash !== null && constantTimeEqual(manifest.previousHash, pin.hash);
}

function isConfirmed(pin: ManifestPin, { signed }: ParsedManifest): boolean {
  if (!signed.recoverySignature) return false;
  return verifyEd25519(pin.recoveryPublicKey, signingInput(MANIFEST_RECOVERY_LABEL, signed.manifest), signed.recoverySignature);
}

function deviceKeyChanged(pin: ManifestPin, manifest: Manifest): boolean {
  const known = new Map(pin.devices.map((device) => [device.deviceId, device.identityKey]));
  return manifest.devices.some(({ deviceId, identityKey }) => {
    const before = known.get(deviceId);
    return before !== undefined && !constantTimeEqual(before, identityKey);
  });
}

/** What to remember of a manifest that was taken. */
export function pinOf({ manifest, hash }: ParsedManifest): ManifestPin {
  const { userId, username, accountKey, recoveryPublicKey, generation, version, devices } = manifest;
  return { userId, username, accountKey, recoveryPublicKey, generation, version, hash, devices };
}

/** The unsigned first manifest of a new account. */
export function firstManifest(
  fields: Pick<Manifest, "userId" | "username" | "accountKey" | "recoveryPublicKey" | "devices" | "issuedAtMs">,
): Manifest {
  return { ...fields, v: 1, generation: 1, version: 1, previousHash: null, devices: sortDevices(fields.devices) };
}

/** The unsigned manifest that follows `pin` with some things changed. Another account key starts the next generation. */
export function nextManifest(
  pin: ManifestPin,
  changes: { issuedAtMs: number } & Partial<Pick<Manifest, "accountKey" | "recoveryPublicKey" | "devices">>,
): Manifest {
  const accountKey = changes.accountKey ?? pin.accountKey;
  return {
    v: 1,
    userId: pin.userId,
    username: pin.username,
    generation: constantTimeEqual(accountKey, pin.accountKey) ? pin.generation : pin.generation + 1,
    version: pin.version + 1,
    previousHash: pin.hash,
    accountKey,
    recoveryPublicKey: changes.recoveryPublicKey ?? pin.recoveryPublicKey,
    devices: sortDevices(changes.devices ?? pin.devices),
    issuedAtMs: changes.issuedAtMs,
  };
}

function sortDevices(devices: ManifestDevice[]): ManifestDevice[] {
  return devices.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
}
