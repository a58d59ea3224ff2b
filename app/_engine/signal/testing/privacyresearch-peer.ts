/** A device that speaks by @privacyresearch/libsignal-protocol-typescript, for proofs of interoperation.
 *
 *  What is done here for that library's sake, and nowhere else:
 *  - it knows ArrayBuffers and binary strings only, and calls ratchet messages type 1;
 *  - it writes the fields of a first message in another order than their numbers', and "no one-time prekey" as id 0: the fields are
 *    written anew. No MAC covers them (the message inside, which one does cover, is in order);
 *  - it reads a one-time prekey's id that is missing as 0, so its store has none with that id.
 *  A failed attempt to open a message leaves a stepped ratchet in its session, which it stores if another session opens that message. So
 *  two sessions at once, which it would have after both sides start, are no part of the proofs with it. */

import { concatBytes } from "@noble/hashes/utils.js";
import {
  KeyHelper,
  type KeyPairType,
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
  type StorageType,
} from "@privacyresearch/libsignal-protocol-typescript";
import { decodeIdentityKey, EC_PUBLIC_KEY_BYTES, type IdentityPublicKey } from "@/server/contract/signatures";
import { createWriter, decodeStrictly } from "../protobuf";
import type { PrekeyBundle } from "../start-session";
import { PREKEY_MESSAGE, WHISPER_MESSAGE } from "./x3dh";
import type { X3dhPeer } from "./x3dh-conversation";

const SIGNED_PREKEY_ID = 1;
const ONE_TIME_PREKEY_ID = 2;
const REGISTRATION_ID = 7;
const MAX_U32 = 0xffff_ffff;

/** A peer with a signed prekey and a one-time prekey. */
export async function createPrivacyresearchPeer(name: string): Promise<X3dhPeer> {
  const identity = await KeyHelper.generateIdentityKeyPair();
  const signed = await KeyHelper.generateSignedPreKey(identity, SIGNED_PREKEY_ID);
  const oneTime = await KeyHelper.generatePreKey(ONE_TIME_PREKEY_ID);
  const storage = createStorage(identity, new Map([[ONE_TIME_PREKEY_ID, oneTime.keyPair]]), new Map([[SIGNED_PREKEY_ID, signed.keyPair]]));
  const identityKey = decodeIdentityKey(new Uint8Array(identity.pubKey)) as IdentityPublicKey;

  return {
    name,
    remoteView: { userId: new Uint8Array(16), deviceId: new Uint8Array(16), identityKey },
    bundle: ({ withOneTime }) => ({
      signedPrekey: {
        keyId: SIGNED_PREKEY_ID,
        createdAtMs: 0,
        publicKey: new Uint8Array(signed.keyPair.pubKey),
        signature: new Uint8Array(signed.signature),
      },
      oneTimePrekey: withOneTime ? { keyId: ONE_TIME_PREKEY_ID, publicKey: new Uint8Array(oneTime.keyPair.pubKey) } : null,
      kemPrekey: null,
    }),
    async startWith(peer, peerIdentityKey, bundle) {
      await new SessionBuilder(storage, address(peer)).processPreKey(toTheirBundle(peerIdentityKey, bundle));
    },
    async encrypt(peer, text) {
      const { type, body } = await new SessionCipher(storage, address(peer)).encrypt(toBuffer(new TextEncoder().encode(text)));
      const message = Uint8Array.from(Buffer.from(body as string, "latin1"));
      return type === PREKEY_MESSAGE ? inOrder(message) : concatBytes(Uint8Array.of(WHISPER_MESSAGE), message);
    },
    async decrypt(peer, message) {
      const cipher = new SessionCipher(storage, address(peer));
      const bytes = toBuffer(message.subarray(1));
      const isFirst = message[0] === PREKEY_MESSAGE;
      return new TextDecoder().decode(await (isFirst ? cipher.decryptPreKeyWhisperMessage(bytes) : cipher.decryptWhisperMessage(bytes)));
    },
  };
}

function createStorage(identity: KeyPairType, prekeys: Map<number, KeyPairType>, signedPrekeys: Map<number, KeyPairType>): StorageType {
  const sessions = new Map<string, string>();
  return {
    getIdentityKeyPair: async () => identity,
    getLocalRegistrationId: async () => REGISTRATION_ID,
    isTrustedIdentity: async () => true,
    saveIdentity: async () => false,
    loadPreKey: async (keyId) => prekeys.get(Number(keyId)),
    storePreKey: async (keyId, keyPair) => void prekeys.set(Number(keyId), keyPair),
    removePreKey: async (keyId) => void prekeys.delete(Number(keyId)),
    loadSignedPreKey: async (keyId) => signedPrekeys.get(Number(keyId)),
    storeSignedPreKey: async (keyId, keyPair) => void signedPrekeys.set(Number(keyId), keyPair),
    removeSignedPreKey: async (keyId) => void signedPrekeys.delete(Number(keyId)),
    loadSession: async (encodedAddress) => sessions.get(encodedAddress),
    storeSession: async (encodedAddress, record) => void sessions.set(encodedAddress, record),
  };
}

function toTheirBundle(identityKey: IdentityPublicKey, { signedPrekey, oneTimePrekey }: PrekeyBundle) {
  return {
    identityKey: toBuffer(identityKey),
    registrationId: REGISTRATION_ID,
    signedPreKey: {
      keyId: signedPrekey.keyId,
      publicKey: toBuffer(signedPrekey.publicKey),
      signature: toBuffer(signedPrekey.signature),
    },
    ...(oneTimePrekey && { preKey: { keyId: oneTimePrekey.keyId, publicKey: toBuffer(oneTimePrekey.publicKey) } }),
  };
}

/** A first message of that library (version byte, protobuf) with its fields in the order of their numbers. */
function inOrder(message: Uint8Array): Uint8Array {
  const fields = decodeStrictly(message.subarray(1), (reader) => ({
    registrationId: reader.varint(5, MAX_U32),
    oneTimePrekeyId: reader.varint(1, MAX_U32),
    signedPrekeyId: reader.varint(6, MAX_U32),
    baseKey: reader.bytes(2, EC_PUBLIC_KEY_BYTES),
    identityKey: reader.bytes(3, EC_PUBLIC_KEY_BYTES),
    inner: reader.bytes(4, 1, message.length),
  }));
  if (fields === null) throw new Error("not the order in which that library writes");
  const writer = createWriter();
  writer.varint(1, fields.oneTimePrekeyId === 0 ? null : fields.oneTimePrekeyId);
  writer.bytes(2, fields.baseKey);
  writer.bytes(3, fields.identityKey);
  writer.bytes(4, fields.inner);
  writer.varint(5, fields.registrationId);
  writer.varint(6, fields.signedPrekeyId);
  return concatBytes(Uint8Array.of(PREKEY_MESSAGE), message.subarray(0, 1), writer.finish());
}

function address(name: string): SignalProtocolAddress {
  return new SignalProtocolAddress(name, 1);
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
