/** A device that speaks by Signal's own library, for proofs of interoperation. */
import * as libsignal from "@signalapp/libsignal-client";
import { decodeIdentityKey, type IdentityPublicKey } from "@/server/contract/signatures";
import type { RemoteDevice } from "../session-state";
import type { PrekeyBundle } from "../start-session";
import { PREKEY_MESSAGE } from "./x3dh";

class Sessions extends libsignal.SessionStore {
  readonly records = new Map<string, libsignal.SessionRecord>();
  async saveSession(address: libsignal.ProtocolAddress, record: libsignal.SessionRecord) {
    this.records.set(address.name(), record);
  }
  async getSession(address: libsignal.ProtocolAddress) {
    return this.records.get(address.name()) ?? null;
  }
  async getExistingSessions(addresses: libsignal.ProtocolAddress[]) {
    return addresses.map((address) => this.records.get(address.name())).filter((record) => record !== undefined);
  }
}

class Identities extends libsignal.IdentityKeyStore {
  constructor(readonly privateKey: libsignal.PrivateKey) {
    super();
  }
  async getIdentityKey() {
    return this.privateKey;
  }
  async getLocalRegistrationId() {
    return 7;
  }
  async saveIdentity() {
    return false;
  }
  async isTrustedIdentity() {
    return true;
  }
  async getIdentity() {
    return null;
  }
}

class Prekeys extends libsignal.PreKeyStore {
  readonly records = new Map<number, libsignal.PreKeyRecord>();
  async savePreKey(id: number, record: libsignal.PreKeyRecord) {
    this.records.set(id, record);
  }
  async getPreKey(id: number) {
    const record = this.records.get(id);
    if (!record) throw new Error("no such prekey");
    return record;
  }
  async removePreKey(id: number) {
    this.records.delete(id);
  }
}

class SignedPrekeys extends libsignal.SignedPreKeyStore {
  readonly records = new Map<number, libsignal.SignedPreKeyRecord>();
  async saveSignedPreKey(id: number, record: libsignal.SignedPreKeyRecord) {
    this.records.set(id, record);
  }
  async getSignedPreKey(id: number) {
    const record = this.records.get(id);
    if (!record) throw new Error("no such signed prekey");
    return record;
  }
}

export type LibsignalPeer = Awaited<ReturnType<typeof createLibsignalPeer>>;

/** A peer with a signed prekey (id 1) and a one-time prekey (id 2). Messages carry their type byte in front, as suite x3dh has them. */
export async function createLibsignalPeer(name: string) {
  const identity = libsignal.IdentityKeyPair.generate();
  const [sessions, identities, prekeys, signedPrekeys] = [
    new Sessions(),
    new Identities(identity.privateKey),
    new Prekeys(),
    new SignedPrekeys(),
  ];
  const signed = libsignal.PrivateKey.generate();
  const signature = identity.privateKey.sign(signed.getPublicKey().serialize());
  await signedPrekeys.saveSignedPreKey(1, libsignal.SignedPreKeyRecord.new(1, 0, signed.getPublicKey(), signed, signature));
  const oneTime = libsignal.PrivateKey.generate();
  await prekeys.savePreKey(2, libsignal.PreKeyRecord.new(2, oneTime.getPublicKey(), oneTime));
  const remoteView: RemoteDevice = {
    userId: new Uint8Array(16),
    deviceId: new Uint8Array(16),
    identityKey: decodeIdentityKey(identity.publicKey.serialize()) as IdentityPublicKey,
  };

  function bundle({ withOneTime }: { withOneTime: boolean }): PrekeyBundle {
    return {
      signedPrekey: { keyId: 1, createdAtMs: 0, publicKey: signed.getPublicKey().serialize(), signature },
      oneTimePrekey: withOneTime ? { keyId: 2, publicKey: oneTime.getPublicKey().serialize() } : null,
      kemPrekey: null,
    };
  }

  async function startWith(peer: string, identityKey: IdentityPublicKey, { signedPrekey, oneTimePrekey }: PrekeyBundle) {
    const theirs = libsignal.PreKeyBundle.new(
      1,
      1,
      oneTimePrekey?.keyId ?? null,
      oneTimePrekey ? publicKey(oneTimePrekey.publicKey) : null,
      signedPrekey.keyId,
      publicKey(signedPrekey.publicKey),
      Buffer.from(signedPrekey.signature),
      publicKey(identityKey),
    );
    await libsignal.processPreKeyBundle(theirs, address(peer), sessions, identities);
  }

  async function encrypt(peer: string, text: string): Promise<Uint8Array> {
    const message = await libsignal.signalEncrypt(Buffer.from(text), address(peer), sessions, identities);
    return Uint8Array.of(message.type(), ...message.serialize());
  }

  async function decrypt(peer: string, message: Uint8Array): Promise<string> {
    const bytes = Buffer.from(message.subarray(1));
    const plaintext =
      message[0] === PREKEY_MESSAGE
        ? await libsignal.signalDecryptPreKey(
            libsignal.PreKeySignalMessage.deserialize(bytes),
            address(peer),
            sessions,
            identities,
            prekeys,
            signedPrekeys,
          )
        : await libsignal.signalDecrypt(libsignal.SignalMessage.deserialize(bytes), address(peer), sessions, identities);
    return plaintext.toString();
  }

  const stores = { sessions, identities, prekeys, signedPrekeys };
  return { name, remoteView, stores, bundle, startWith, encrypt, decrypt };
}

function address(name: string) {
  return libsignal.ProtocolAddress.new(name, 1);
}

function publicKey(bytes: Uint8Array) {
  return libsignal.PublicKey.deserialize(Buffer.from(bytes));
}
