/** Own and received sender keys as bytes for the store: Protocol Buffers with a format version, decoded strictly.
 *  The bytes are secrets: the store wraps them. */
import type { ChainKey } from "../primitives";
import { createWriter, malformed, type Reader, type Writer } from "../protobuf";
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
} from "../record-fields";
import {
  type ChainStep,
  type CurrentSenderKey,
  MAX_SENDER_KEYS,
  MAX_SKIPPED_STEPS,
  type OwnSenderKeys,
  type ReceivedSenderKey,
  type RetiredSenderKey,
  type SenderKeyRecord,
} from "./state";

const MAX_OWN_KEY_BYTES = 256;
const MAX_RECEIVED_KEY_BYTES = 131_072;

/** Fields: 1 format version, 2 suite version, 3 last key id, 4 current key, 5 retired keys. */
export function encodeOwnSenderKeys(keys: OwnSenderKeys): Uint8Array {
  return encoded((writer) => {
    writer.varint(2, keys.version);
    writer.varint(3, keys.lastKeyId);
    writer.bytes(4, keys.current && encodeCurrent(keys.current));
    for (const key of keys.retired) writer.bytes(5, encodeRetired(key));
  });
}

/** Undoes encodeOwnSenderKeys. Returns null for anything that it does not write. */
export function decodeOwnSenderKeys(bytes: Uint8Array): OwnSenderKeys | null {
  return decoded(bytes, (reader) => {
    const version = reader.varint(2, 255);
    const lastKeyId = reader.varint(3, MAX_U32);
    const current = optional(reader.optionalBytes(4, 1, MAX_OWN_KEY_BYTES), readCurrent);
    const retired = reader.repeatedBytes(5, MAX_SENDER_KEYS - 1, MAX_OWN_KEY_BYTES).map((key) => nested(key, readRetired));
    checkDescending([...(current ? [current] : []), ...retired], lastKeyId);
    return { version, lastKeyId, current, retired };
  });
}

/** Fields: 1 format version, 2 suite version, 3 keys. */
export function encodeSenderKeyRecord(record: SenderKeyRecord): Uint8Array {
  return encoded((writer) => {
    writer.varint(2, record.version);
    for (const key of record.keys) writer.bytes(3, encodeReceived(key));
  });
}

/** Undoes encodeSenderKeyRecord. Returns null for anything that it does not write. */
export function decodeSenderKeyRecord(bytes: Uint8Array): SenderKeyRecord | null {
  return decoded(bytes, (reader) => {
    const version = reader.varint(2, 255);
    const keys = reader.repeatedBytes(3, MAX_SENDER_KEYS, MAX_RECEIVED_KEY_BYTES).map((key) => nested(key, readReceived));
    checkDescending(keys, MAX_U32);
    return { version, keys };
  });
}

/** Fields: 1 key id, 2 private and 3 public signing key, 4 created at (ms), 5 earliest and 7 next step. */
function encodeCurrent(key: CurrentSenderKey): Uint8Array {
  const writer = createWriter();
  writer.varint(1, key.keyId);
  writePair(writer, 2, key.signing);
  writer.varint(4, key.createdAtMs);
  writeStep(writer, 5, key.earliest);
  writeStep(writer, 7, key.next);
  return writer.finish();
}

function readCurrent(reader: Reader): CurrentSenderKey {
  const key = {
    keyId: reader.varint(1, MAX_U32),
    signing: readPair(reader, 2),
    createdAtMs: readTime(reader, 4),
    earliest: readStep(reader, 5),
    next: readStep(reader, 7),
  };
  return key.earliest.iteration > key.next.iteration ? malformed() : key;
}

/** Fields: 1 key id, 2 signing key, 3 created at (ms), 4 earliest step, 6 end. */
function encodeRetired(key: RetiredSenderKey): Uint8Array {
  const writer = createWriter();
  writer.varint(1, key.keyId);
  writer.bytes(2, key.signingKey);
  writer.varint(3, key.createdAtMs);
  writeStep(writer, 4, key.earliest);
  writer.varint(6, key.end);
  return writer.finish();
}

function readRetired(reader: Reader): RetiredSenderKey {
  const key = {
    keyId: reader.varint(1, MAX_U32),
    signingKey: readPublic(reader, 2),
    createdAtMs: readTime(reader, 3),
    earliest: readStep(reader, 4),
    end: reader.varint(6, MAX_COUNTER),
  };
  return key.earliest.iteration >= key.end ? malformed() : key;
}

/** Fields: 1 key id, 2 signing key, 3 next step, 5 lowest step ever given, 6 kept message keys. */
function encodeReceived(key: ReceivedSenderKey): Uint8Array {
  const writer = createWriter();
  writer.varint(1, key.keyId);
  writer.bytes(2, key.signingKey);
  writeStep(writer, 3, key.next);
  writer.varint(5, key.earliest);
  writer.bytes(6, joinSkipped(key.skipped));
  return writer.finish();
}

function readReceived(reader: Reader): ReceivedSenderKey {
  const key = {
    keyId: reader.varint(1, MAX_U32),
    signingKey: readPublic(reader, 2),
    next: readStep(reader, 3),
    earliest: reader.varint(5, MAX_U32),
    skipped: readSkipped(reader, 6, MAX_SKIPPED_STEPS),
  };
  const { earliest, next, skipped } = key;
  const isOrdered =
    earliest <= next.iteration && (skipped[0]?.counter ?? earliest) >= earliest && (skipped.at(-1)?.counter ?? -1) < next.iteration;
  return isOrdered ? key : malformed();
}

/** Two fields: the iteration in `field`, the chain key in the next one. */
function writeStep(writer: Writer, field: number, step: ChainStep): void {
  writer.varint(field, step.iteration);
  writer.bytes(field + 1, step.chainKey);
}

function readStep(reader: Reader, field: number): ChainStep {
  return { iteration: reader.varint(field, MAX_COUNTER), chainKey: reader.bytes(field + 1, 32) as ChainKey };
}

function checkDescending(keys: readonly { readonly keyId: number }[], max: number): void {
  let bound = max + 1;
  for (const { keyId } of keys) {
    if (keyId >= bound) malformed();
    bound = keyId;
  }
}
