/** The product's format of sender keys. A message names no chat and no sender: its signature covers those of the entry, so it can't be
 *  passed off in another chat or as another device's. A distribution names them, for the device that gets it to compare. */
import { concatBytes } from "@noble/hashes/utils.js";
import {
  constantTimeEqual,
  decodeEcPublicKey,
  EC_PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  signingInput,
  verifyXEdDSA,
} from "@/server/contract/signatures";
import type { ChainKey } from "../primitives";
import { createWriter, decodeStrictly } from "../protobuf";
import { MAX_U32 } from "../record-fields";
import type { SenderKeySuite } from "./suite";

const VERSION = 0x51;
const SENDER_KEY_MESSAGE = 3;
const DISTRIBUTION = 4;
const PREFIX_BYTES = 2;
const ID_BYTES = 16;
/** More than any ciphertext that the server takes: bounds what a decoder copies. */
const MAX_CIPHERTEXT_BYTES = 131_072;
const SIGNATURE_LABEL = "Parley group message v1";

export const parleySenderKeys: SenderKeySuite = {
  version: VERSION,
  messageKeysInfo: "Parley group message keys v1",
  signingInput: ({ chatId, userId, deviceId }, authenticated) => signingInput(SIGNATURE_LABEL, chatId, userId, deviceId, authenticated),
  verifySignature: verifyXEdDSA,
  /** 0x51 ‖ 3 ‖ 1 key id, 2 iteration, 3 ciphertext. */
  encodeMessage(_context, { keyId, iteration, ciphertext }) {
    const writer = createWriter();
    writer.varint(1, keyId);
    writer.varint(2, iteration);
    writer.bytes(3, ciphertext);
    return concatBytes(Uint8Array.of(VERSION, SENDER_KEY_MESSAGE), writer.finish());
  },
  decodeMessage(_context, bytes) {
    const reason = wrongStart(bytes, SENDER_KEY_MESSAGE);
    if (reason !== null) return { ok: false, reason };
    const authenticated = bytes.slice(0, -SIGNATURE_BYTES);
    const fields = decodeStrictly(authenticated.subarray(PREFIX_BYTES), (reader) => ({
      keyId: reader.varint(1, MAX_U32),
      iteration: reader.varint(2, MAX_U32),
      ciphertext: reader.bytes(3, 16, MAX_CIPHERTEXT_BYTES),
    }));
    if (fields === null) return { ok: false, reason: "malformed" };
    return { ok: true, message: { ...fields, authenticated, signature: bytes.slice(-SIGNATURE_BYTES) } };
  },
  /** 0x51 ‖ 4 ‖ 1 chatId, 2 userId, 3 deviceId, 4 key id, 5 iteration, 6 chain key, 7 signing key. */
  encodeDistribution({ chatId, userId, deviceId }, { keyId, iteration, chainKey, signingKey }) {
    const writer = createWriter();
    writer.bytes(1, chatId);
    writer.bytes(2, userId);
    writer.bytes(3, deviceId);
    writer.varint(4, keyId);
    writer.varint(5, iteration);
    writer.bytes(6, chainKey);
    writer.bytes(7, signingKey);
    return concatBytes(Uint8Array.of(VERSION, DISTRIBUTION), writer.finish());
  },
  decodeDistribution(context, bytes) {
    const reason = wrongStart(bytes, DISTRIBUTION);
    if (reason !== null) return { ok: false, reason };
    const fields = decodeStrictly(bytes.subarray(PREFIX_BYTES), (reader) => ({
      names: concatBytes(reader.bytes(1, ID_BYTES), reader.bytes(2, ID_BYTES), reader.bytes(3, ID_BYTES)),
      keyId: reader.varint(4, MAX_U32),
      iteration: reader.varint(5, MAX_U32),
      chainKey: reader.bytes(6, 32) as ChainKey,
      signingKey: reader.bytes(7, EC_PUBLIC_KEY_BYTES),
    }));
    if (fields === null) return { ok: false, reason: "malformed" };
    const { names, ...rest } = fields;
    if (!constantTimeEqual(names, concatBytes(context.chatId, context.userId, context.deviceId))) {
      return { ok: false, reason: "wrong_context" };
    }
    const signingKey = decodeEcPublicKey(fields.signingKey);
    return signingKey ? { ok: true, distribution: { ...rest, signingKey } } : { ok: false, reason: "bad_key" };
  },
};

function wrongStart(bytes: Uint8Array, type: number): "malformed" | "unsupported_version" | null {
  if (bytes.length < PREFIX_BYTES) return "malformed";
  if (bytes[0] !== VERSION || bytes[1] !== type) return "unsupported_version";
  return null;
}
