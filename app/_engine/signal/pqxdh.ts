/** The product's suite: PQXDH with X25519 and ML-KEM-1024, the Double Ratchet with AES-256-CBC and HMAC-SHA-256. Its labels and its
 *  version byte are its own, so nothing made for another protocol or by another library is ever read as a message of this one. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { decodeEcPublicKey, decodeIdentityKey, EC_PUBLIC_KEY_BYTES, prekeySigningInput, verifyXEdDSA } from "@/server/contract/signatures";
import { KEM_CIPHERTEXT_BYTES } from "./primitives";
import { createWriter, decodeStrictly, type Reader } from "./protobuf";
import { type FirstMessageHeader, MAX_PREKEY_AGE_MS } from "./session-state";
import type { Decoded, HandshakeTranscript, Suite } from "./suite";

const PQXDH_VERSION = 0x51;
const RATCHET_MESSAGE = 1;
const FIRST_MESSAGE = 2;
const MAC_BYTES = 16;
const MAX_U32 = 0xffff_ffff;
/** More than any ciphertext that the server takes: bounds what a decoder copies. */
const MAX_CIPHERTEXT_BYTES = 131_072;
const ASSOCIATED_DATA_LABEL = "Parley session v1";

/** Both types: 0x51 ‖ type ‖ protobuf ‖ MAC. A first message has fields 1 to 10, a ratchet message 1 to 4. */
export const pqxdh: Suite = {
  version: PQXDH_VERSION,
  usesKem: true,
  infos: {
    handshake: "Parley_PQXDH_CURVE25519_SHA-256_ML-KEM-1024",
    ratchet: "Parley ratchet v1",
    messageKeys: "Parley message keys v1",
    firstMessage: "Parley first message v1",
  },
  macBytes: MAC_BYTES,
  maxPrekeyAgeMs: MAX_PREKEY_AGE_MS,
  prekeySigningInput,
  verifySignature: verifyXEdDSA,
  associatedData: (transcript) => sha256(encodeTranscript(transcript)),
  macPrefix: (associatedData) => associatedData,
  encode(message, mac) {
    const writer = createWriter();
    writer.bytes(1, message.ratchetKey);
    writer.varint(2, message.counter);
    writer.varint(3, message.previousLength);
    writer.bytes(4, message.ciphertext);
    const { header } = message;
    if (header !== null) {
      writer.bytes(5, header.identityKey);
      writer.bytes(6, header.baseKey);
      writer.varint(7, header.signedPrekeyId);
      writer.varint(8, header.oneTimePrekeyId);
      writer.varint(9, header.kem?.keyId);
      writer.bytes(10, header.kem?.ciphertext);
    }
    const type = header === null ? RATCHET_MESSAGE : FIRST_MESSAGE;
    const authenticated = concatBytes(Uint8Array.of(PQXDH_VERSION, type), writer.finish());
    return concatBytes(authenticated, mac(authenticated));
  },
  decode,
};

/** The associated data before hashing: 15 fields, each after its length in two bytes (big-endian), absent ones of length 0. */
function encodeTranscript(transcript: HandshakeTranscript): Uint8Array {
  const { initiator, responder, baseKey, signedPrekey, oneTimePrekey, kem } = transcript;
  return concatBytes(
    ...[
      new TextEncoder().encode(ASSOCIATED_DATA_LABEL),
      initiator.identityKey,
      responder.identityKey,
      initiator.userId,
      initiator.deviceId,
      responder.userId,
      responder.deviceId,
      baseKey,
      u32(signedPrekey.keyId),
      signedPrekey.publicKey,
      oneTimePrekey ? u32(oneTimePrekey.keyId) : ABSENT,
      oneTimePrekey?.publicKey ?? ABSENT,
      kem ? u32(kem.keyId) : ABSENT,
      kem?.publicKey ?? ABSENT,
      kem?.ciphertext ?? ABSENT,
    ].flatMap((field) => [u16(field.length), field]),
  );
}

const ABSENT = new Uint8Array(0);

function decode(bytes: Uint8Array): Decoded {
  const [version, type] = bytes;
  if (version === undefined || type === undefined) return { ok: false, reason: "malformed" };
  if (version !== PQXDH_VERSION || (type !== RATCHET_MESSAGE && type !== FIRST_MESSAGE))
    return { ok: false, reason: "unsupported_version" };
  if (bytes.length < 2 + MAC_BYTES) return { ok: false, reason: "malformed" };
  const authenticated = bytes.slice(0, -MAC_BYTES);
  const fields = decodeStrictly(authenticated.subarray(2), (reader) => readFields(reader, type === FIRST_MESSAGE));
  if (fields === null) return { ok: false, reason: "malformed" };
  const ratchetKey = decodeEcPublicKey(fields.ratchetKey);
  const header = fields.header && decodeHeader(fields.header);
  if (ratchetKey === null || (fields.header !== null && header === null)) return { ok: false, reason: "bad_key" };
  return { ok: true, message: { ...fields, ratchetKey, header, authenticated, mac: bytes.slice(-MAC_BYTES) } };
}

function readFields(reader: Reader, isFirst: boolean) {
  return {
    ratchetKey: reader.bytes(1, EC_PUBLIC_KEY_BYTES),
    counter: reader.varint(2, MAX_U32),
    previousLength: reader.varint(3, MAX_U32),
    ciphertext: reader.bytes(4, 16, MAX_CIPHERTEXT_BYTES),
    header: isFirst ? readHeader(reader) : null,
  };
}

function readHeader(reader: Reader) {
  return {
    identityKey: reader.bytes(5, EC_PUBLIC_KEY_BYTES),
    baseKey: reader.bytes(6, EC_PUBLIC_KEY_BYTES),
    signedPrekeyId: reader.varint(7, MAX_U32),
    oneTimePrekeyId: reader.optionalVarint(8, MAX_U32),
    kem: { keyId: reader.varint(9, MAX_U32), ciphertext: reader.bytes(10, KEM_CIPHERTEXT_BYTES) },
  };
}

function decodeHeader(header: ReturnType<typeof readHeader>): FirstMessageHeader | null {
  const identityKey = decodeIdentityKey(header.identityKey);
  const baseKey = decodeEcPublicKey(header.baseKey);
  return identityKey && baseKey && { ...header, identityKey, baseKey };
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Whether a message (its first bytes are enough) announces a session, so that prekeys are needed to open it. */
export function isFirstMessage(message: Uint8Array): boolean {
  return message[0] === PQXDH_VERSION && message[1] === FIRST_MESSAGE;
}
