/** Session records and private prekeys as bytes for the store: Protocol Buffers with a format version, decoded strictly.
 *  The bytes are secrets: the store wraps them. */

import type { IdentityPublicKey } from "@/server/contract/signatures";
import { decodeIdentityKey } from "@/server/contract/signatures";
import { type KemPrekey, type KemPrekeyKind, MAX_KEY_ID, type OneTimePrekey, type SignedPrekey } from "./keys";
import { type ChainKey, KEM_CIPHERTEXT_BYTES, KEM_SEED_BYTES, type KemSeed, type RootKey } from "./primitives";
import { createWriter, malformed, type Reader } from "./protobuf";
import {
  decoded,
  encoded,
  joinSkipped,
  MAX_COUNTER,
  MAX_U32,
  nested,
  optional,
  readPair,
  readPublic,
  readSkipped,
  readTime,
  writePair,
} from "./record-fields";
import {
  type FirstMessageHeader,
  type IdentityKeyPair,
  MAX_ARCHIVED_SESSIONS,
  MAX_RECEIVING_CHAINS,
  MAX_SKIPPED_KEYS,
  type ReceivingChain,
  type SendingChain,
  type Session,
  type SessionRecord,
} from "./session-state";

const KEM_KINDS: readonly KemPrekeyKind[] = ["kem_one_time", "kem_last_resort"];
const MAX_SESSION_BYTES = 131_072;

/** Fields: 1 format version, 2 current session, 3 archived sessions. */
export function encodeSessionRecord(record: SessionRecord): Uint8Array {
  return encoded((writer) => {
    writer.bytes(2, record.current && encodeSession(record.current));
    for (const session of record.archived) writer.bytes(3, encodeSession(session));
  });
}

/** Undoes encodeSessionRecord. Returns null for anything that it does not write. */
export function decodeSessionRecord(bytes: Uint8Array): SessionRecord | null {
  return decoded(bytes, (reader) => {
    const current = reader.optionalBytes(2, 1, MAX_SESSION_BYTES);
    const archived = reader.repeatedBytes(3, MAX_ARCHIVED_SESSIONS, MAX_SESSION_BYTES);
    return { current: current && nested(current, readSession), archived: archived.map((each) => nested(each, readSession)) };
  });
}

/** Fields: 1 format version, 2 private key, 3 public key. */
export function encodeIdentityKeyPair(pair: IdentityKeyPair): Uint8Array {
  return encoded((writer) => writePair(writer, 2, pair));
}

/** Undoes encodeIdentityKeyPair. Returns null for anything that it does not write. */
export function decodeIdentityKeyPair(bytes: Uint8Array): IdentityKeyPair | null {
  return decoded(bytes, (reader) => readPair(reader, 2) as IdentityKeyPair);
}

/** Fields: 1 format version, 2 key id, 3 created at (ms), 4 private key, 5 public key. */
export function encodeSignedPrekey(prekey: SignedPrekey): Uint8Array {
  return encoded((writer) => {
    writer.varint(2, prekey.keyId);
    writer.varint(3, prekey.createdAtMs);
    writePair(writer, 4, prekey.keyPair);
  });
}

/** Undoes encodeSignedPrekey. Returns null for anything that it does not write. */
export function decodeSignedPrekey(bytes: Uint8Array): SignedPrekey | null {
  return decoded(bytes, (reader) => ({ keyId: readKeyId(reader), createdAtMs: readTime(reader, 3), keyPair: readPair(reader, 4) }));
}

/** Fields: 1 format version, 2 key id, 3 private key, 4 public key. */
export function encodeOneTimePrekey(prekey: OneTimePrekey): Uint8Array {
  return encoded((writer) => {
    writer.varint(2, prekey.keyId);
    writePair(writer, 3, prekey.keyPair);
  });
}

/** Undoes encodeOneTimePrekey. Returns null for anything that it does not write. */
export function decodeOneTimePrekey(bytes: Uint8Array): OneTimePrekey | null {
  return decoded(bytes, (reader) => ({ keyId: readKeyId(reader), keyPair: readPair(reader, 3) }));
}

/** Fields: 1 format version, 2 key id, 3 created at (ms), 4 kind (0 one-time, 1 last-resort), 5 seed. */
export function encodeKemPrekey(prekey: KemPrekey): Uint8Array {
  return encoded((writer) => {
    writer.varint(2, prekey.keyId);
    writer.varint(3, prekey.createdAtMs);
    writer.varint(4, KEM_KINDS.indexOf(prekey.kind));
    writer.bytes(5, prekey.seed);
  });
}

/** Undoes encodeKemPrekey. Returns null for anything that it does not write. */
export function decodeKemPrekey(bytes: Uint8Array): KemPrekey | null {
  return decoded(bytes, (reader) => ({
    keyId: readKeyId(reader),
    createdAtMs: readTime(reader, 3),
    kind: KEM_KINDS[reader.varint(4, KEM_KINDS.length - 1)] ?? malformed(),
    seed: reader.bytes(5, KEM_SEED_BYTES) as KemSeed,
  }));
}

/** Fields: 1 suite version, 2 local and 3 remote identity key, 4 associated data, 5 base key, 6 root key, 7 remote ratchet key,
 *  8 previous length, 9 sending chain, 10 receiving chains, 11 first message header, 12 started at (ms), 13 1 if read-only. */
function encodeSession(session: Session): Uint8Array {
  const writer = createWriter();
  writer.varint(1, session.version);
  writer.bytes(2, session.localIdentityKey);
  writer.bytes(3, session.remoteIdentityKey);
  writer.bytes(4, session.associatedData);
  writer.bytes(5, session.baseKey);
  writer.bytes(6, session.rootKey);
  writer.bytes(7, session.remoteRatchetKey);
  writer.varint(8, session.previousLength);
  writer.bytes(9, session.sending && encodeSending(session.sending));
  for (const chain of session.receiving) writer.bytes(10, encodeReceiving(chain));
  writer.bytes(11, session.unacknowledged && encodeHeader(session.unacknowledged.header));
  writer.varint(12, session.unacknowledged?.startedAtMs);
  writer.varint(13, session.isReadOnly ? 1 : null);
  return writer.finish();
}

function readSession(reader: Reader): Session {
  const session = {
    version: reader.varint(1, 255),
    localIdentityKey: readIdentity(reader, 2),
    remoteIdentityKey: readIdentity(reader, 3),
    associatedData: reader.bytes(4, 32),
    baseKey: readPublic(reader, 5),
    rootKey: reader.bytes(6, 32) as RootKey,
    remoteRatchetKey: readPublic(reader, 7),
    previousLength: reader.varint(8, MAX_COUNTER),
    sending: optional(reader.optionalBytes(9, 1, 256), readSending),
    receiving: reader.repeatedBytes(10, MAX_RECEIVING_CHAINS, MAX_SESSION_BYTES).map((chain) => nested(chain, readReceiving)),
  };
  const header = optional(reader.optionalBytes(11, 1, 2_048), readHeader);
  const unacknowledged = header && { header, startedAtMs: readTime(reader, 12) };
  const flag = reader.optionalVarint(13, 1);
  return { ...session, unacknowledged, isReadOnly: flag === 0 ? malformed() : flag === 1 };
}

/** Fields: 1 private and 2 public ratchet key, 3 chain key, 4 next counter. */
function encodeSending(chain: SendingChain): Uint8Array {
  const writer = createWriter();
  writePair(writer, 1, chain.ratchet);
  writer.bytes(3, chain.chainKey);
  writer.varint(4, chain.nextCounter);
  return writer.finish();
}

function readSending(reader: Reader): SendingChain {
  return { ratchet: readPair(reader, 1), chainKey: reader.bytes(3, 32) as ChainKey, nextCounter: reader.varint(4, MAX_COUNTER) };
}

/** Fields: 1 ratchet key, 2 chain key, 3 next counter, 4 length, 5 skipped keys (u32 counter, 32 bytes of seed, repeated). */
function encodeReceiving(chain: ReceivingChain): Uint8Array {
  const writer = createWriter();
  writer.bytes(1, chain.ratchetKey);
  writer.bytes(2, chain.chainKey);
  writer.varint(3, chain.nextCounter);
  writer.varint(4, chain.length);
  writer.bytes(5, joinSkipped(chain.skipped));
  return writer.finish();
}

function readReceiving(reader: Reader): ReceivingChain {
  const ratchetKey = readPublic(reader, 1);
  const chainKey = reader.optionalBytes(2, 32) as ChainKey | null;
  const nextCounter = reader.varint(3, MAX_COUNTER);
  const length = reader.optionalVarint(4, MAX_COUNTER);
  return { ratchetKey, chainKey, nextCounter, length, skipped: readSkipped(reader, 5, MAX_SKIPPED_KEYS) };
}

/** Fields: 1 identity key, 2 base key, 3 signed prekey id, 4 one-time prekey id, 5 KEM prekey id, 6 KEM ciphertext. */
function encodeHeader(header: FirstMessageHeader): Uint8Array {
  const writer = createWriter();
  writer.bytes(1, header.identityKey);
  writer.bytes(2, header.baseKey);
  writer.varint(3, header.signedPrekeyId);
  writer.varint(4, header.oneTimePrekeyId);
  writer.varint(5, header.kem?.keyId);
  writer.bytes(6, header.kem?.ciphertext);
  return writer.finish();
}

function readHeader(reader: Reader): FirstMessageHeader {
  const header = {
    identityKey: readIdentity(reader, 1),
    baseKey: readPublic(reader, 2),
    signedPrekeyId: reader.varint(3, MAX_U32),
    oneTimePrekeyId: reader.optionalVarint(4, MAX_U32),
  };
  const keyId = reader.optionalVarint(5, MAX_U32);
  return { ...header, kem: keyId === null ? null : { keyId, ciphertext: reader.bytes(6, KEM_CIPHERTEXT_BYTES) } };
}

function readIdentity(reader: Reader, field: number): IdentityPublicKey {
  return decodeIdentityKey(reader.bytes(field, 33)) ?? malformed();
}

function readKeyId(reader: Reader): number {
  return reader.varint(2, MAX_KEY_ID);
}
