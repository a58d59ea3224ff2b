/** Signal's format of sender keys (version 3), so that the shared code can be proven against Signal's own library. Its distribution id
 *  stands for the chat; senders are named beside the bytes. Test code: the product does not know it. */
import { concatBytes } from "@noble/hashes/utils.js";
import { constantTimeEqual, decodeEcPublicKey, EC_PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "@/server/contract/signatures";
import type { ChainKey } from "../primitives";
import { createWriter, decodeStrictly, malformed, type Reader } from "../protobuf";
import type { SenderKeyContext, SenderKeySuite } from "../sender-keys/suite";
import { x3dh } from "./x3dh";

const VERSION_BYTE = 0x33;
const MAX_U32 = 0xffff_ffff;
const MAX_BYTES = 131_072;

export const whisperGroup: SenderKeySuite = {
  version: VERSION_BYTE,
  messageKeysInfo: "WhisperGroup",
  signingInput: (_context, authenticated) => authenticated,
  verifySignature: x3dh.verifySignature,
  /** Version ‖ 1 distribution id, 2 chain id, 3 iteration, 4 ciphertext. */
  encodeMessage({ chatId }, { keyId, iteration, ciphertext }) {
    const writer = createWriter();
    writer.bytes(1, chatId);
    writer.varint(2, keyId);
    writer.varint(3, iteration);
    writer.bytes(4, ciphertext);
    return concatBytes(Uint8Array.of(VERSION_BYTE), writer.finish());
  },
  /** A message of another distribution is malformed here: the product's messages name none. */
  decodeMessage(context, bytes) {
    if (bytes[0] !== VERSION_BYTE) return { ok: false, reason: "unsupported_version" };
    const authenticated = bytes.slice(0, -SIGNATURE_BYTES);
    const fields = decodeStrictly(authenticated.subarray(1), (reader) => ({
      ...(isOfChat(reader, context) ? readStep(reader) : malformed()),
      ciphertext: reader.bytes(4, 16, MAX_BYTES),
    }));
    if (fields === null) return { ok: false, reason: "malformed" };
    return { ok: true, message: { ...fields, authenticated, signature: bytes.slice(-SIGNATURE_BYTES) } };
  },
  /** Version ‖ 1 distribution id, 2 chain id, 3 iteration, 4 chain key, 5 signing key. */
  encodeDistribution({ chatId }, { keyId, iteration, chainKey, signingKey }) {
    const writer = createWriter();
    writer.bytes(1, chatId);
    writer.varint(2, keyId);
    writer.varint(3, iteration);
    writer.bytes(4, chainKey);
    writer.bytes(5, signingKey);
    return concatBytes(Uint8Array.of(VERSION_BYTE), writer.finish());
  },
  decodeDistribution(context, bytes) {
    if (bytes[0] !== VERSION_BYTE) return { ok: false, reason: "unsupported_version" };
    const fields = decodeStrictly(bytes.subarray(1), (reader) => ({
      isOfChat: isOfChat(reader, context),
      ...readStep(reader),
      chainKey: reader.bytes(4, 32) as ChainKey,
      signingKey: decodeEcPublicKey(reader.bytes(5, EC_PUBLIC_KEY_BYTES)) ?? malformed(),
    }));
    if (fields === null) return { ok: false, reason: "malformed" };
    return fields.isOfChat ? { ok: true, distribution: fields } : { ok: false, reason: "wrong_context" };
  },
};

function isOfChat(reader: Reader, { chatId }: SenderKeyContext): boolean {
  return constantTimeEqual(reader.bytes(1, 16), chatId);
}

function readStep(reader: Reader) {
  return { keyId: reader.varint(2, MAX_U32), iteration: reader.varint(3, MAX_U32) };
}
