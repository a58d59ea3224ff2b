/** What a device remembers about its sessions with one other device, as values: no function changes one, each returns a new record.
 *  So a caller decrypts on a copy by nature, and keeps the old state by not storing the new one. */
import type { EcPrivateKey, EcPublicKey, IdentityPublicKey } from "@/server/contract/signatures";
import type { ChainKey, EcKeyPair, MessageKeySeed, RootKey } from "./primitives";

/** Message keys that one message may make us derive: a lying counter costs no more than this. */
export const MAX_KEYS_AHEAD = 2_000;
/** Keys of messages that have not come yet, per session; the oldest are forgotten first. */
export const MAX_SKIPPED_KEYS = 2_000;
/** Receiving chains per session: how many turns of the conversation a late message may be behind. */
export const MAX_RECEIVING_CHAINS = 5;
/** Sessions per peer besides the current one: how many starts and resets may cross on the way. */
export const MAX_ARCHIVED_SESSIONS = 5;
/** A session that the peer never answered is used for so long: its prekeys are deleted some day. */
export const MAX_UNACKNOWLEDGED_MS = 7 * 86_400_000;
/** A signed or last-resort prekey older than this is refused: the server may hold back newer ones. */
export const MAX_PREKEY_AGE_MS = 37 * 86_400_000;

export type IdentityKeyPair = { readonly publicKey: IdentityPublicKey; readonly privateKey: EcPrivateKey };

/** 16 bytes each: the UUIDs of the account and of the device. */
export type DeviceAddress = { readonly userId: Uint8Array; readonly deviceId: Uint8Array };
export type LocalDevice = DeviceAddress & { readonly identity: IdentityKeyPair };
/** `identityKey` is the one that the account's verified manifest lists for this device, never one that the server or a message named. */
export type RemoteDevice = DeviceAddress & { readonly identityKey: IdentityPublicKey };

/** What the initiator tells in each message until the responder answers. */
export type FirstMessageHeader = {
  readonly identityKey: IdentityPublicKey;
  readonly baseKey: EcPublicKey;
  readonly signedPrekeyId: number;
  readonly oneTimePrekeyId: number | null;
  readonly kem: { readonly keyId: number; readonly ciphertext: Uint8Array } | null;
};

export type SkippedKey = { readonly counter: number; readonly seed: MessageKeySeed };

export type ReceivingChain = {
  readonly ratchetKey: EcPublicKey;
  /** Null once every message of the chain has been derived: the chain can't be continued, only its skipped keys are left. */
  readonly chainKey: ChainKey | null;
  readonly nextCounter: number;
  /** How many messages the chain has, known once the peer's next chain names it. */
  readonly length: number | null;
  /** By counter, ascending. */
  readonly skipped: readonly SkippedKey[];
};

export type SendingChain = { readonly ratchet: EcKeyPair; readonly chainKey: ChainKey; readonly nextCounter: number };

export type Session = {
  /** The suite's version byte. */
  readonly version: number;
  readonly localIdentityKey: IdentityPublicKey;
  readonly remoteIdentityKey: IdentityPublicKey;
  /** What every MAC of the session covers besides the message: SHA-256 of the handshake's associated data. */
  readonly associatedData: Uint8Array;
  /** The initiator's; tells which session a repeated first message belongs to. */
  readonly baseKey: EcPublicKey;
  readonly rootKey: RootKey;
  /** The peer's newest ratchet key (before its first answer: its signed prekey). */
  readonly remoteRatchetKey: EcPublicKey;
  /** Null until something is sent after the peer's ratchet key changed: the new pair is made as late as possible. */
  readonly sending: SendingChain | null;
  /** Messages in the sending chain before this one. */
  readonly previousLength: number;
  /** Oldest first. */
  readonly receiving: readonly ReceivingChain[];
  /** Set on the initiator's side until the first message of the peer. */
  readonly unacknowledged: { readonly header: FirstMessageHeader; readonly startedAtMs: number } | null;
  /** Of a store that may have gone back in time: its next sending keys may be used already, so it opens messages and never makes one. */
  readonly isReadOnly: boolean;
};

/** All sessions with one device. New messages are encrypted in `current`. */
export type SessionRecord = {
  readonly current: Session | null;
  /** Most recently used first. */
  readonly archived: readonly Session[];
};

/** Makes `session` the current one, and archives the one before. A session already in the record (`replaces`) moves up, unless it is
 *  read-only. */
export function promote(record: SessionRecord | null, session: Session, replaces: Session | null = null): SessionRecord {
  if (record !== null && session.isReadOnly) return updateReadOnly(record, session, replaces);
  const others = sessionsOf(record).filter((other) => other !== replaces);
  return { current: session, archived: others.map(archive).slice(0, MAX_ARCHIVED_SESSIONS) };
}

/** Leaves the record without a current session: the next encryption needs a new one; what is still on the way can be read, and makes none
 *  of these sessions current again. For stores that may have gone back in time, and for resets. */
export function archiveSessions(record: SessionRecord): SessionRecord {
  const archived = sessionsOf(record).map((session) => ({ ...archive(session), isReadOnly: true }));
  return { current: null, archived: archived.slice(0, MAX_ARCHIVED_SESSIONS) };
}

/** The current session, then the archived ones. */
export function sessionsOf(record: SessionRecord | null): readonly Session[] {
  if (record === null) return [];
  return record.current === null ? record.archived : [record.current, ...record.archived];
}

/** A read-only session is never the current one. A peer that writes in it although it has answered the current one may be writing in a session
 *  that can't be answered for ever, as we do: then the current one steps back, so that the next encryption starts one for both. */
function updateReadOnly(record: SessionRecord, session: Session, replaces: Session | null): SessionRecord {
  const { current } = record;
  const others = record.archived.filter((other) => other !== replaces);
  if (current === null || current.unacknowledged !== null) return { current, archived: [session, ...others] };
  return { current: null, archived: [session, current, ...others].slice(0, MAX_ARCHIVED_SESSIONS) };
}

/** An archived session becomes current only by a message from the peer, so what announces it again is dead weight. */
function archive(session: Session): Session {
  return session.unacknowledged === null ? session : { ...session, unacknowledged: null };
}
