/** Decrypts what another device sent. Invariant: nothing changes unless the MAC was right; the caller then stores the record, the spent
 *  prekeys, the digest and the plaintext in one transaction. Sesame § 3: whatever session a message comes in becomes the current one. */
import { constantTimeEqual } from "@/server/contract/signatures";
import { respond, type UsedPrekeys } from "./handshake";
import type { KemPrekey, OneTimePrekey, SignedPrekey } from "./keys";
import { pqxdh } from "./pqxdh";
import { wipe } from "./primitives";
import { knowsChain, type Opened, unseal } from "./ratchet";
import {
  type FirstMessageHeader,
  type LocalDevice,
  promote,
  type RemoteDevice,
  type Session,
  type SessionRecord,
  sessionsOf,
} from "./session-state";
import type { DecodedMessage, Suite } from "./suite";

/** This device's private prekeys by id; null or undefined for one that it does not (or no longer) have. */
export type PrekeyLookups = {
  readonly signed: (keyId: number) => SignedPrekey | null | undefined;
  readonly oneTime: (keyId: number) => OneTimePrekey | null | undefined;
  /** One-time and last-resort keys alike: their ids are from one series. */
  readonly kem: (keyId: number) => KemPrekey | null | undefined;
};

export type DecryptOptions = {
  readonly suite?: Suite;
  readonly local: LocalDevice;
  readonly remote: RemoteDevice;
  readonly record: SessionRecord | null;
  readonly message: Uint8Array;
  readonly prekeys: PrekeyLookups;
  /** Whether a digest that an earlier decryption returned is remembered (for all peers and sessions, those that were reset too). */
  readonly seenFirstMessages: (digestHex: string) => boolean;
};

/** What a new session used up; empty for a message of a session that was known. */
export type Used = {
  /** Delete it. */
  readonly oneTimePrekeyId?: number;
  /** Delete it. */
  readonly kemOneTimeId?: number;
  /** Stays; `firstMessageDigest` is remembered until this key and the last-resort key are deleted. */
  readonly signedPrekeyId?: number;
  readonly kemLastResortId?: number;
  /** SHA-256 of the derived secret, in hex. */
  readonly firstMessageDigest?: string;
};

export type Decrypted =
  | { readonly ok: true; readonly record: SessionRecord; readonly plaintext: Uint8Array; readonly used: Used }
  | { readonly ok: false; readonly reason: DecryptFailure };

type DecryptFailure =
  /** The sender's key is not the one that the manifest lists for that device: look for a newer manifest, else it is not from there. */
  | "identity_mismatch"
  /** Not a message of this protocol, or one that no honest sender makes. */
  | "malformed"
  /** Written by another version of the protocol. */
  | "unsupported_version"
  /** A key that leaves no secret: of small order, not canonical, of another type. */
  | "bad_key"
  /** A ratchet message although there is no session: this device lost its state, or the first message has not come. */
  | "no_session"
  /** A first message to a prekey that is not here (any more): spent, deleted by age, or never ours. */
  | "unknown_prekey"
  /** A first message whose session was made before, and is gone: somebody repeats it. */
  | "replayed_first_message"
  /** Opened before, or so late that its key is forgotten: drop it quietly. */
  | "duplicate"
  /** More than 2,000 messages of one chain are missing. */
  | "too_far_ahead"
  /** Changed on the way, or encrypted in a session that is not here. */
  | "bad_mac";

/** Decrypts a message of `remote` to this device. On success store `record` and everything in `used` together; on failure store nothing. */
export function decrypt(options: DecryptOptions): Decrypted {
  const { suite = pqxdh, local, remote, record } = options;
  const decoded = suite.decode(options.message);
  if (!decoded.ok) return decoded;
  const { message } = decoded;
  if (message.header !== null && !constantTimeEqual(message.header.identityKey, remote.identityKey)) {
    return { ok: false, reason: "identity_mismatch" };
  }
  const known = sessionsOf(record);
  const usable = known.filter((session) => isBetween(session, suite, local, remote));
  if (message.header !== null) {
    const { header } = message;
    const repeated = usable.find((session) => constantTimeEqual(session.baseKey, header.baseKey));
    return repeated ? advance(record, repeated, unseal(suite, repeated, message)) : accept(options, suite, header, message);
  }
  if (known.length === 0) return { ok: false, reason: "no_session" };
  if (usable.length === 0) return { ok: false, reason: "identity_mismatch" };
  return openInAny(suite, record, usable, message);
}

function isBetween(session: Session, suite: Suite, local: LocalDevice, remote: RemoteDevice): boolean {
  return (
    session.version === suite.version &&
    constantTimeEqual(session.remoteIdentityKey, remote.identityKey) &&
    constantTimeEqual(session.localIdentityKey, local.identity.publicKey)
  );
}

/** A ratchet key that a session knows decides; a new one may be the next step of any session. */
function openInAny(suite: Suite, record: SessionRecord | null, usable: readonly Session[], message: DecodedMessage): Decrypted {
  const owner = usable.find((session) => knowsChain(session, message.ratchetKey));
  if (owner !== undefined) return advance(record, owner, unseal(suite, owner, message));
  let reason: DecryptFailure = "bad_mac";
  for (const session of usable) {
    const opened = unseal(suite, session, message);
    if (opened.ok) return advance(record, session, opened);
    if (opened.reason !== "bad_mac") reason = opened.reason;
  }
  return { ok: false, reason };
}

function advance(record: SessionRecord | null, session: Session, opened: Opened): Decrypted {
  if (!opened.ok) return opened;
  return { ok: true, record: promote(record, opened.session, session), plaintext: opened.plaintext, used: {} };
}

/** A first message of a session that is not known: derives it from the prekeys, which are spent only if the message opens. */
function accept(options: DecryptOptions, suite: Suite, header: FirstMessageHeader, message: DecodedMessage): Decrypted {
  const { local, remote, record } = options;
  const prekeys = findPrekeys(options.prekeys, header);
  if (prekeys === null) return { ok: false, reason: "unknown_prekey" };
  const started = respond(suite, local, remote, header, prekeys);
  if (started === null) return { ok: false, reason: "bad_key" };
  const { session, ratchet, firstMessageDigest } = started;
  const opened = options.seenFirstMessages(firstMessageDigest) ? null : unseal(suite, session, message, ratchet);
  // The ratchet's first step has put another one in its place.
  wipe(session.rootKey);
  if (opened === null) return { ok: false, reason: "replayed_first_message" };
  if (!opened.ok) return opened;
  const used: Used = {
    signedPrekeyId: prekeys.signed.keyId,
    firstMessageDigest,
    ...(prekeys.oneTime && { oneTimePrekeyId: prekeys.oneTime.keyId }),
    ...(prekeys.kem?.kind === "kem_one_time" && { kemOneTimeId: prekeys.kem.keyId }),
    ...(prekeys.kem?.kind === "kem_last_resort" && { kemLastResortId: prekeys.kem.keyId }),
  };
  return { ok: true, record: promote(record, opened.session), plaintext: opened.plaintext, used };
}

/** Null unless everything that the header names is here. */
function findPrekeys(lookups: PrekeyLookups, header: FirstMessageHeader): UsedPrekeys | null {
  const signed = lookups.signed(header.signedPrekeyId);
  const oneTime = header.oneTimePrekeyId === null ? null : lookups.oneTime(header.oneTimePrekeyId);
  const kem = header.kem === null ? null : lookups.kem(header.kem.keyId);
  if (!signed || (header.oneTimePrekeyId !== null && !oneTime) || (header.kem !== null && !kem)) return null;
  return { signed, oneTime: oneTime ?? null, kem: kem ?? null };
}
