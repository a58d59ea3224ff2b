/** What differs between the formats of sender keys that the shared code can speak. The product knows one (sender-key-format.ts). */
import type { EcPublicKey } from "@/server/contract/signatures";
import type { ChainKey } from "../primitives";

/** Whose sender key in which chat: 16 bytes each. It comes from the entry, never from a message. */
export type SenderKeyContext = { readonly chatId: Uint8Array; readonly userId: Uint8Array; readonly deviceId: Uint8Array };

export type SenderKeyMessage = { readonly keyId: number; readonly iteration: number; readonly ciphertext: Uint8Array };

export type DecodedSenderKeyMessage = SenderKeyMessage & {
  /** The bytes that the signature covers, after the suite's prefix. */
  readonly authenticated: Uint8Array;
  readonly signature: Uint8Array;
};

/** What lets a device read a sender's messages from step `iteration` on. */
export type Distribution = {
  readonly keyId: number;
  readonly iteration: number;
  readonly chainKey: ChainKey;
  readonly signingKey: EcPublicKey;
};

export type UnreadableMessage =
  /** Not this format: truncated, extended, fields missing, repeated or out of order. Nothing to be done: keep it as it is. */
  | "malformed"
  /** Another version byte, or a type of message that this version does not have. Show "needs a newer version". */
  | "unsupported_version";

export type UnreadableDistribution =
  | UnreadableMessage
  /** A signing key of another type, in a non-canonical spelling, or of small order. No honest sender makes it. */
  | "bad_key"
  /** Made for another chat, or by another device than the one whose session it came in. Somebody passes it on: refuse it. */
  | "wrong_context";

export type SenderKeySuite = {
  /** Kept in each record, so that no message is read under another suite. */
  readonly version: number;
  /** HKDF info of message keys. */
  readonly messageKeysInfo: string;
  /** What a message's signature covers. */
  signingInput(context: SenderKeyContext, authenticated: Uint8Array): Uint8Array;
  verifySignature(signingKey: EcPublicKey, message: Uint8Array, signature: Uint8Array): boolean;
  /** Serialises all but the signature, which comes behind. */
  encodeMessage(context: SenderKeyContext, message: SenderKeyMessage): Uint8Array;
  /** Parses strictly. Never throws. */
  decodeMessage(
    context: SenderKeyContext,
    bytes: Uint8Array,
  ): { readonly ok: true; readonly message: DecodedSenderKeyMessage } | { readonly ok: false; readonly reason: UnreadableMessage };
  /** Serialises a secret: it travels inside a session only. */
  encodeDistribution(context: SenderKeyContext, distribution: Distribution): Uint8Array;
  /** Parses strictly, and compares what the bytes name with the context they came in. Never throws. */
  decodeDistribution(
    context: SenderKeyContext,
    bytes: Uint8Array,
  ): { readonly ok: true; readonly distribution: Distribution } | { readonly ok: false; readonly reason: UnreadableDistribution };
};
