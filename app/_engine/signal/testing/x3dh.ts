/** Signal's version 3 (X3DH and the Double Ratchet as its own library speaks them), so that the shared session code can be proven
 *  against that library. Test code: the product does not know it. */
import { concatBytes } from "@noble/hashes/utils.js";
import {
  decodeEcPublicKey,
  decodeIdentityKey,
  EC_PUBLIC_KEY_BYTES,
  type IdentityPublicKey,
  montgomeryToEdwards,
  verifyEd25519,
} from "@/server/contract/signatures";
import { createWriter, decodeStrictly, malformed } from "../protobuf";
import type { FirstMessageHeader } from "../session-state";
import type { Decoded, DecodedMessage, OutgoingMessage, Suite } from "../suite";

/** Type bytes as Signal's library numbers them. It carries them beside the message; here they come in front. */
export const WHISPER_MESSAGE = 2;
export const PREKEY_MESSAGE = 3;
const VERSION_BYTE = 0x33;
const MAC_BYTES = 8;
const MAX_U32 = 0xffff_ffff;
const MAX_BYTES = 131_072;

export const x3dh: Suite = {
  version: VERSION_BYTE,
  usesKem: false,
  infos: { handshake: "WhisperText", ratchet: "WhisperRatchet", messageKeys: "WhisperMessageKeys", firstMessage: "x3dh first message" },
  macBytes: MAC_BYTES,
  maxPrekeyAgeMs: null,
  prekeySigningInput: (_kind, _keyId, _createdAtMs, publicKey) => publicKey,
  verifySignature: verifyWithSignBit,
  associatedData: () => new Uint8Array(32),
  macPrefix: (_associatedData, sender, receiver) => concatBytes(sender, receiver),
  encode(message, mac) {
    const inner = encodeInner(message, mac);
    return message.header === null ? concatBytes(Uint8Array.of(WHISPER_MESSAGE), inner) : encodeOuter(message.header, inner);
  },
  decode(bytes) {
    const [type, version] = bytes;
    if (version !== VERSION_BYTE) return { ok: false, reason: "unsupported_version" };
    if (type === WHISPER_MESSAGE) return fromFields(decodeInner(bytes.subarray(1)));
    return type === PREKEY_MESSAGE ? decodeOuter(bytes.subarray(2)) : { ok: false, reason: "unsupported_version" };
  },
};

/** Signal's library keeps the sign of the Edwards point in the signature's last bit, where XEdDSA makes the sign 0. */
function verifyWithSignBit(identityKey: IdentityPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const edwards = montgomeryToEdwards(identityKey);
  // NOTE: not slice(): a Buffer's shares its memory.
  const unsigned = Uint8Array.from(signature);
  const last = signature[63] as number;
  edwards[31] = (edwards[31] as number) | (last & 0x80);
  unsigned[63] = last & 0x7f;
  return verifyEd25519(edwards, message, unsigned);
}

/** Version ‖ 1 ratchet key, 2 counter, 3 previous counter, 4 ciphertext ‖ MAC. */
function encodeInner(message: OutgoingMessage, mac: (authenticated: Uint8Array) => Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.bytes(1, message.ratchetKey);
  writer.varint(2, message.counter);
  writer.varint(3, Math.max(0, message.previousLength - 1));
  writer.bytes(4, message.ciphertext);
  const authenticated = concatBytes(Uint8Array.of(VERSION_BYTE), writer.finish());
  return concatBytes(authenticated, mac(authenticated));
}

function decodeInner(bytes: Uint8Array): DecodedMessage | null {
  if (bytes[0] !== VERSION_BYTE || bytes.length < 1 + MAC_BYTES) return null;
  const authenticated = bytes.slice(0, -MAC_BYTES);
  return decodeStrictly(authenticated.subarray(1), (reader) => {
    const ratchetKey = decodeEcPublicKey(reader.bytes(1, EC_PUBLIC_KEY_BYTES)) ?? malformed();
    const counter = reader.varint(2, MAX_U32);
    reader.varint(3, MAX_U32);
    const ciphertext = reader.bytes(4, 16, MAX_BYTES);
    return { header: null, ratchetKey, counter, previousLength: null, ciphertext, authenticated, mac: bytes.slice(-MAC_BYTES) };
  });
}

/** Version ‖ 1 one-time prekey id, 2 base key, 3 identity key, 4 inner message, 5 registration id, 6 signed prekey id. */
function encodeOuter(header: FirstMessageHeader, inner: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.varint(1, header.oneTimePrekeyId);
  writer.bytes(2, header.baseKey);
  writer.bytes(3, header.identityKey);
  writer.bytes(4, inner);
  writer.varint(5, 1);
  writer.varint(6, header.signedPrekeyId);
  return concatBytes(Uint8Array.of(PREKEY_MESSAGE, VERSION_BYTE), writer.finish());
}

function decodeOuter(bytes: Uint8Array): Decoded {
  return fromFields(
    decodeStrictly(bytes, (reader) => {
      const oneTimePrekeyId = reader.optionalVarint(1, MAX_U32);
      const baseKey = decodeEcPublicKey(reader.bytes(2, EC_PUBLIC_KEY_BYTES)) ?? malformed();
      const identityKey = decodeIdentityKey(reader.bytes(3, EC_PUBLIC_KEY_BYTES)) ?? malformed();
      const inner = decodeInner(reader.bytes(4, 1, MAX_BYTES)) ?? malformed();
      reader.varint(5, MAX_U32);
      const signedPrekeyId = reader.varint(6, MAX_U32);
      return { ...inner, header: { identityKey, baseKey, signedPrekeyId, oneTimePrekeyId, kem: null } };
    }),
  );
}

function fromFields(message: DecodedMessage | null): Decoded {
  return message ? { ok: true, message } : { ok: false, reason: "malformed" };
}
