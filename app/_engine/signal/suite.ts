/** What differs between the suites that the shared session code can speak. The product knows one (pqxdh.ts). */
import type { EcPublicKey, IdentityPublicKey, KemPublicKey, PrekeyKind } from "@/server/contract/signatures";
import type { DeviceAddress, FirstMessageHeader } from "./session-state";

/** What a handshake agreed on: the input of the associated data. */
export type HandshakeTranscript = {
  readonly initiator: DeviceAddress & { readonly identityKey: IdentityPublicKey };
  readonly responder: DeviceAddress & { readonly identityKey: IdentityPublicKey };
  readonly baseKey: EcPublicKey;
  readonly signedPrekey: { readonly keyId: number; readonly publicKey: EcPublicKey };
  readonly oneTimePrekey: { readonly keyId: number; readonly publicKey: EcPublicKey } | null;
  readonly kem: { readonly keyId: number; readonly publicKey: KemPublicKey; readonly ciphertext: Uint8Array } | null;
};

/** A message as the ratchet sees it. `header` is there until the session is acknowledged. */
type RatchetMessage = {
  readonly header: FirstMessageHeader | null;
  readonly ratchetKey: EcPublicKey;
  readonly counter: number;
  /** Messages in the sender's chain before this one; null where the wire format can't tell it exactly. */
  readonly previousLength: number | null;
  readonly ciphertext: Uint8Array;
};

export type OutgoingMessage = RatchetMessage & { readonly previousLength: number };

export type DecodedMessage = RatchetMessage & {
  /** The bytes that the MAC covers, after the suite's prefix. */
  readonly authenticated: Uint8Array;
  readonly mac: Uint8Array;
};

export type Decoded =
  | { readonly ok: true; readonly message: DecodedMessage }
  /** Not this format: truncated, extended, fields missing, repeated or out of order. */
  | { readonly ok: false; readonly reason: "malformed" }
  /** Another version byte, or a type of message that this version does not have. */
  | { readonly ok: false; readonly reason: "unsupported_version" }
  /** A public key of another type, in a non-canonical spelling, or of small order. */
  | { readonly ok: false; readonly reason: "bad_key" };

export type Suite = {
  /** Kept in each session, so that no message is read under another suite. */
  readonly version: number;
  readonly usesKem: boolean;
  /** HKDF infos, and the label under which derived secrets are remembered. */
  readonly infos: {
    readonly handshake: string;
    readonly ratchet: string;
    readonly messageKeys: string;
    readonly firstMessage: string;
  };
  readonly macBytes: number;
  /** Age from which signed and last-resort prekeys are refused; null where signatures cover no time. */
  readonly maxPrekeyAgeMs: number | null;
  /** What a prekey's signature covers. */
  prekeySigningInput(kind: PrekeyKind, keyId: number, createdAtMs: number, publicKey: Uint8Array): Uint8Array;
  verifySignature(identityKey: IdentityPublicKey, message: Uint8Array, signature: Uint8Array): boolean;
  /** What the session stores of its transcript. */
  associatedData(transcript: HandshakeTranscript): Uint8Array;
  /** What the MAC covers before the message's own bytes. */
  macPrefix(associatedData: Uint8Array, sender: IdentityPublicKey, receiver: IdentityPublicKey): Uint8Array;
  /** Serialises; `mac` is called once with the bytes to authenticate and returns the shortened MAC. */
  encode(message: OutgoingMessage, mac: (authenticated: Uint8Array) => Uint8Array): Uint8Array;
  /** Parses strictly. Never throws. */
  decode(bytes: Uint8Array): Decoded;
};
