/** A member of a group that speaks by Signal's own library, for proofs of interoperation. */
import * as libsignal from "@signalapp/libsignal-client";

class SenderKeys extends libsignal.SenderKeyStore {
  readonly records = new Map<string, Buffer>();
  async saveSenderKey(sender: libsignal.ProtocolAddress, distributionId: string, record: libsignal.SenderKeyRecord) {
    this.records.set(`${sender.name()} ${distributionId}`, record.serialize());
  }
  async getSenderKey(sender: libsignal.ProtocolAddress, distributionId: string) {
    const bytes = this.records.get(`${sender.name()} ${distributionId}`);
    return bytes ? libsignal.SenderKeyRecord.deserialize(bytes) : null;
  }
}

/** `distributionId` is UUID text of version 4: the library's parser refuses others. */
export function createLibsignalGroupPeer(name: string, distributionId: string) {
  const store = new SenderKeys();
  const address = (sender: string) => libsignal.ProtocolAddress.new(sender, 1);
  return {
    name,
    /** The own key at its present step. */
    async distribution(): Promise<Uint8Array> {
      return Uint8Array.from((await libsignal.SenderKeyDistributionMessage.create(address(name), distributionId, store)).serialize());
    },
    async process(sender: string, distribution: Uint8Array): Promise<void> {
      const message = libsignal.SenderKeyDistributionMessage.deserialize(Buffer.from(distribution));
      await libsignal.processSenderKeyDistributionMessage(address(sender), message, store);
    },
    async encrypt(text: string): Promise<Uint8Array> {
      return Uint8Array.from((await libsignal.groupEncrypt(address(name), distributionId, store, Buffer.from(text))).serialize());
    },
    /** Rejects when the library refuses the message. */
    async decrypt(sender: string, message: Uint8Array): Promise<string> {
      return (await libsignal.groupDecrypt(address(sender), store, Buffer.from(message))).toString();
    },
    /** The next distribution is of a new key. */
    rotate() {
      store.records.delete(`${name} ${distributionId}`);
    },
  };
}
