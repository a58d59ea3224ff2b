/** The three libraries that bench/signal.ts compares, behind one interface: this repository's sessions under both suites, Signal's own
 *  library (native) and @privacyresearch's. Each keeps its state in memory in the form that its interface asks for: values, handles,
 *  JSON text. */
import {
  type DeviceType,
  KeyHelper,
  type KeyPairType,
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
  type StorageType,
} from "@privacyresearch/libsignal-protocol-typescript";
import * as libsignal from "@signalapp/libsignal-client";
import { decrypt } from "../app/_engine/signal/decrypt";
import { encrypt } from "../app/_engine/signal/encrypt";
import { generateIdentityKeyPair, generateKemPrekeys, generateOneTimePrekeys } from "../app/_engine/signal/keys";
import { createSenderKey, distribute, groupEncrypt } from "../app/_engine/signal/sender-keys/own";
import { groupDecrypt, processDistribution } from "../app/_engine/signal/sender-keys/received";
import type { SenderKeySuite } from "../app/_engine/signal/sender-keys/suite";
import type { SessionRecord } from "../app/_engine/signal/session-state";
import { startSession } from "../app/_engine/signal/start-session";
import type { Suite } from "../app/_engine/signal/suite";
import { createDevice, type Device, NOW_MS } from "../app/_engine/signal/testing/device";
import { createLibsignalPeer, type LibsignalPeer } from "../app/_engine/signal/testing/libsignal-peer";

export type Message = { readonly isFirst: boolean; readonly body: Uint8Array | string };
export type Awaitable<Value> = Value | Promise<Value>;

/** One of two devices; what it does goes to the other one. */
export type Side = {
  /** Checks the other's bundle (with one-time keys) and starts a session by it. */
  start(): Awaitable<void>;
  encrypt(plaintext: Uint8Array): Awaitable<Message>;
  decrypt(message: Message): Awaitable<Uint8Array>;
  /** Drops the session, and has all its prekeys again. */
  forget(): Awaitable<void>;
};

/** A sender key, at its owner and at another member of the group. */
export type Group = {
  encrypt(plaintext: Uint8Array): Awaitable<Uint8Array>;
  decrypt(message: Uint8Array): Awaitable<Uint8Array>;
};

export type Library = {
  readonly name: string;
  identity(): Awaitable<unknown>;
  oneTimePrekeys(count: number): Awaitable<unknown>;
  kemPrekeys?(count: number): Awaitable<unknown>;
  pair(): Promise<readonly [Side, Side]>;
  group?(): Promise<Group>;
};

/** This repository. */
export function parley(name: string, suite: Suite, senderKeys: SenderKeySuite): Library {
  const identity = generateIdentityKeyPair();
  return {
    name,
    identity: () => generateIdentityKeyPair(),
    oneTimePrekeys: (count) => generateOneTimePrekeys({ firstKeyId: 1, count }),
    ...(suite.usesKem && {
      kemPrekeys: (count) => generateKemPrekeys({ identity, kind: "kem_one_time", firstKeyId: 1, count, nowMs: NOW_MS }),
    }),
    pair: async () => {
      const [alice, bob] = [createDevice({ name: "alice", suite }), createDevice({ name: "bob", suite })];
      return [parleySide(alice, bob), parleySide(bob, alice)];
    },
    group: async () => parleyGroup(senderKeys),
  };
}

function parleySide(own: Device, other: Device): Side {
  const { suite, local, prekeys } = own;
  const remote = other.remoteView;
  const bundle = other.claimBundle();
  const seenFirstMessages = () => false;
  let record: SessionRecord | null = null;
  return {
    start() {
      const started = startSession({ suite, local, remote, bundle, record, nowMs: NOW_MS });
      if (!started.ok) throw new Error(started.reason);
      record = started.record;
    },
    encrypt(plaintext) {
      const encrypted = encrypt({ suite, remote, record, plaintext, nowMs: NOW_MS });
      if (!encrypted.ok) throw new Error(encrypted.reason);
      record = encrypted.record;
      return { isFirst: false, body: encrypted.message };
    },
    decrypt({ body }) {
      const message = body as Uint8Array;
      const decrypted = decrypt({ suite, local, remote, record, message, prekeys, seenFirstMessages });
      if (!decrypted.ok) throw new Error(decrypted.reason);
      record = decrypted.record;
      return decrypted.plaintext;
    },
    forget() {
      record = null;
    },
  };
}

function parleyGroup(suite: SenderKeySuite): Group {
  const context = { chatId: crypto.getRandomValues(new Uint8Array(16)), userId: new Uint8Array(16), deviceId: new Uint8Array(16) };
  let keys = createSenderKey({ suite, keys: null, nowMs: NOW_MS });
  const distribution = distribute({ suite, context, keys }) as Uint8Array;
  const processed = processDistribution({ suite, context, record: null, distribution });
  if (!processed.ok) throw new Error(processed.reason);
  let { record } = processed;
  return {
    encrypt(plaintext) {
      const encrypted = groupEncrypt({ suite, context, keys, plaintext });
      if (!encrypted.ok) throw new Error(encrypted.reason);
      keys = encrypted.keys;
      return encrypted.message;
    },
    decrypt(message) {
      const decrypted = groupDecrypt({ suite, context, record, message });
      if (!decrypted.ok) throw new Error(decrypted.reason);
      record = decrypted.record;
      return decrypted.plaintext;
    },
  };
}

/** Signal's own library: Rust behind an asynchronous interface. */
export const native: Library = {
  name: "libsignal",
  identity: () => libsignal.IdentityKeyPair.generate(),
  oneTimePrekeys: (count) =>
    Array.from({ length: count }, (_, i) => {
      const privateKey = libsignal.PrivateKey.generate();
      return libsignal.PreKeyRecord.new(i + 1, privateKey.getPublicKey(), privateKey);
    }),
  pair: async () => {
    const [alice, bob] = [await createLibsignalPeer("alice"), await createLibsignalPeer("bob")];
    return [await nativeSide(alice, bob), await nativeSide(bob, alice)];
  },
  async group() {
    const [own, others] = [new SenderKeys(), new SenderKeys()];
    const sender = libsignal.ProtocolAddress.new("alice", 1);
    const id = crypto.randomUUID();
    const distribution = await libsignal.SenderKeyDistributionMessage.create(sender, id, own);
    await libsignal.processSenderKeyDistributionMessage(sender, distribution, others);
    return {
      encrypt: async (plaintext) => (await libsignal.groupEncrypt(sender, id, own, Buffer.from(plaintext))).serialize(),
      decrypt: (message) => libsignal.groupDecrypt(sender, others, message as Buffer),
    };
  },
};

class SenderKeys extends libsignal.SenderKeyStore {
  readonly records = new Map<string, libsignal.SenderKeyRecord>();
  async saveSenderKey(_sender: libsignal.ProtocolAddress, id: string, record: libsignal.SenderKeyRecord) {
    this.records.set(id, record);
  }
  async getSenderKey(_sender: libsignal.ProtocolAddress, id: string) {
    return this.records.get(id) ?? null;
  }
}

async function nativeSide(own: LibsignalPeer, other: LibsignalPeer): Promise<Side> {
  const { sessions, identities, prekeys, signedPrekeys } = own.stores;
  const address = libsignal.ProtocolAddress.new(other.name, 1);
  const oneTime = await prekeys.getPreKey(2);
  const bundle = other.bundle({ withOneTime: true });
  return {
    start: () => own.startWith(other.name, other.remoteView.identityKey, bundle),
    async encrypt(plaintext) {
      const message = await libsignal.signalEncrypt(Buffer.from(plaintext), address, sessions, identities);
      return { isFirst: message.type() === libsignal.CiphertextMessageType.PreKey, body: message.serialize() };
    },
    async decrypt({ isFirst, body }) {
      if (!isFirst) {
        const message = libsignal.SignalMessage.deserialize(body as Buffer);
        return libsignal.signalDecrypt(message, address, sessions, identities);
      }
      const message = libsignal.PreKeySignalMessage.deserialize(body as Buffer);
      return libsignal.signalDecryptPreKey(message, address, sessions, identities, prekeys, signedPrekeys);
    },
    async forget() {
      sessions.records.clear();
      await prekeys.savePreKey(2, oneTime);
    },
  };
}

/** The TypeScript library that existed before: curve by asm.js, the rest by WebCrypto. */
export const privacyresearch: Library = {
  name: "privacyresearch",
  identity: () => KeyHelper.generateIdentityKeyPair(),
  oneTimePrekeys: async (count) => {
    for (let keyId = 1; keyId <= count; keyId++) await KeyHelper.generatePreKey(keyId);
  },
  pair: async () => {
    const [alice, bob] = [await createPrivacyresearchDevice("alice"), await createPrivacyresearchDevice("bob")];
    return [privacyresearchSide(alice, bob), privacyresearchSide(bob, alice)];
  },
};

type PrivacyresearchDevice = Awaited<ReturnType<typeof createPrivacyresearchDevice>>;

async function createPrivacyresearchDevice(name: string) {
  const identity = await KeyHelper.generateIdentityKeyPair();
  const signed = await KeyHelper.generateSignedPreKey(identity, 1);
  const oneTime = await KeyHelper.generatePreKey(2);
  const sessions = new Map<string, string>();
  const prekeys = new Map<number | string, KeyPairType>([[2, oneTime.keyPair]]);
  const storage: StorageType = {
    getIdentityKeyPair: async () => identity,
    getLocalRegistrationId: async () => 7,
    isTrustedIdentity: async () => true,
    saveIdentity: async () => false,
    loadPreKey: async (keyId) => prekeys.get(keyId),
    storePreKey: async (keyId, keyPair) => void prekeys.set(keyId, keyPair),
    removePreKey: async (keyId) => void prekeys.delete(keyId),
    loadSignedPreKey: async () => signed.keyPair,
    storeSignedPreKey: async () => {},
    removeSignedPreKey: async () => {},
    loadSession: async (address) => sessions.get(address),
    storeSession: async (address, record) => void sessions.set(address, record),
  };
  const bundle: DeviceType = {
    identityKey: identity.pubKey,
    registrationId: 7,
    signedPreKey: { keyId: 1, publicKey: signed.keyPair.pubKey, signature: signed.signature },
    preKey: { keyId: 2, publicKey: oneTime.keyPair.pubKey },
  };
  return { name, storage, sessions, bundle, oneTime };
}

function privacyresearchSide(own: PrivacyresearchDevice, other: PrivacyresearchDevice): Side {
  const address = new SignalProtocolAddress(other.name, 1);
  const cipher = new SessionCipher(own.storage, address);
  return {
    async start() {
      await new SessionBuilder(own.storage, address).processPreKey(other.bundle);
    },
    async encrypt(plaintext) {
      const { type, body } = await cipher.encrypt(Uint8Array.from(plaintext).buffer);
      return { isFirst: type === 3, body: body as string };
    },
    async decrypt({ isFirst, body }) {
      const text = body as string;
      return new Uint8Array(
        await (isFirst ? cipher.decryptPreKeyWhisperMessage(text, "binary") : cipher.decryptWhisperMessage(text, "binary")),
      );
    },
    async forget() {
      own.sessions.clear();
      await own.storage.storePreKey(2, own.oneTime.keyPair);
    },
  };
}
