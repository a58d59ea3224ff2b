/** What the codecs of stored records share: the format version in front, nested values, keys, times and kept message keys. */
import { decodeEcPublicKey, type EcPrivateKey, type EcPublicKey } from "@/server/contract/signatures";
import type { EcKeyPair, MessageKeySeed } from "./primitives";
import { createWriter, decodeStrictly, malformed, type Reader, type Writer } from "./protobuf";
import type { SkippedKey } from "./session-state";

/** First field of every record. Other versions are not read. */
const RECORD_FORMAT_VERSION = 1;
export const MAX_U32 = 0xffff_ffff;
/** Counters point one past the last message. */
export const MAX_COUNTER = MAX_U32 + 1;
const SKIPPED_BYTES = 36;

/** A record: the format version in field 1, then what `write` adds. */
export function encoded(write: (writer: Writer) => void): Uint8Array {
  const writer = createWriter();
  writer.varint(1, RECORD_FORMAT_VERSION);
  write(writer);
  return writer.finish();
}

/** Undoes encoded. Returns null for another version, and for anything that `read` doesn't read to its end. */
export function decoded<Value>(bytes: Uint8Array, read: (reader: Reader) => Value): Value | null {
  return decodeStrictly(bytes, (reader) => (reader.varint(1, MAX_U32) === RECORD_FORMAT_VERSION ? read(reader) : null));
}

/** Reads a value inside a field of another one: what is wrong with it is wrong with the whole. */
export function nested<Value>(bytes: Uint8Array, read: (reader: Reader) => Value): Value {
  return decodeStrictly(bytes, read) ?? malformed();
}

/** nested, where the field may be absent. */
export function optional<Value>(bytes: Uint8Array | null, read: (reader: Reader) => Value): Value | null {
  return bytes && nested(bytes, read);
}

/** Two fields: the private key in `field`, the public key in the next one. */
export function writePair(writer: Writer, field: number, pair: EcKeyPair): void {
  writer.bytes(field, pair.privateKey);
  writer.bytes(field + 1, pair.publicKey);
}

export function readPair(reader: Reader, field: number): EcKeyPair {
  return { privateKey: reader.bytes(field, 32) as EcPrivateKey, publicKey: readPublic(reader, field + 1) };
}

export function readPublic(reader: Reader, field: number): EcPublicKey {
  return decodeEcPublicKey(reader.bytes(field, 33)) ?? malformed();
}

export function readTime(reader: Reader, field: number): number {
  return reader.varint(field, Number.MAX_SAFE_INTEGER);
}

/** Kept message keys as one field's bytes: u32 counter (big-endian) and 32 bytes of seed, repeated. */
export function joinSkipped(skipped: readonly SkippedKey[]): Uint8Array {
  const bytes = new Uint8Array(skipped.length * SKIPPED_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, { counter, seed }] of skipped.entries()) {
    view.setUint32(i * SKIPPED_BYTES, counter);
    bytes.set(seed, i * SKIPPED_BYTES + 4);
  }
  return bytes;
}

/** Undoes joinSkipped. Counters must ascend. */
export function readSkipped(reader: Reader, field: number, maxCount: number): SkippedKey[] {
  const bytes = reader.bytes(field, 0, maxCount * SKIPPED_BYTES);
  if (bytes.length % SKIPPED_BYTES !== 0) malformed();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / SKIPPED_BYTES }, (_, i) => {
    const at = i * SKIPPED_BYTES;
    if (i > 0 && view.getUint32(at) <= view.getUint32(at - SKIPPED_BYTES)) malformed();
    return { counter: view.getUint32(at), seed: bytes.slice(at + 4, at + SKIPPED_BYTES) as MessageKeySeed };
  });
}
