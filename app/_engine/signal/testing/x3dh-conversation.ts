/** Our side of a conversation with a device that speaks Signal's version 3 by somebody else's library. */
import type { IdentityPublicKey } from "@/server/contract/signatures";
import { decrypt } from "../decrypt";
import { encrypt } from "../encrypt";
import type { RemoteDevice, SessionRecord } from "../session-state";
import { type PrekeyBundle, startSession } from "../start-session";
import { createDevice, type Device, NOW_MS } from "./device";
import { x3dh } from "./x3dh";

/** A device of another library. Messages carry their type byte in front, as the suite has them; a refused one is an exception. */
export type X3dhPeer = {
  readonly name: string;
  readonly remoteView: RemoteDevice;
  bundle(options: { withOneTime: boolean }): PrekeyBundle;
  startWith(peer: string, identityKey: IdentityPublicKey, bundle: PrekeyBundle): Promise<void>;
  encrypt(peer: string, text: string): Promise<Uint8Array>;
  decrypt(peer: string, message: Uint8Array): Promise<string>;
};

export type X3dhPair = Awaited<ReturnType<typeof createX3dhPair>>;

/** Our device and one of another library, with one-time prekeys as many as asked for, before anybody has started. */
export async function createX3dhPair<Peer extends X3dhPeer>(name: string, createPeer: (name: string) => Promise<Peer>, oneTime = 1) {
  const device = createDevice({ name, suite: x3dh, oneTime });
  const peer = await createPeer("peer");
  const ours = createOurSide(device, peer);
  return {
    device,
    ours,
    peer: {
      start: () => peer.startWith(name, device.remoteView.identityKey, device.claimBundle()),
      encrypt: (text: string) => peer.encrypt(name, text),
      decrypt: (message: Uint8Array) => peer.decrypt(name, message),
    },
  };
}

function createOurSide({ local, random, prekeys, store }: Device, peer: X3dhPeer) {
  let record: SessionRecord | null = null;
  const remote = peer.remoteView;
  return {
    start({ withOneTime = true } = {}) {
      const started = startSession({ suite: x3dh, local, remote, bundle: peer.bundle({ withOneTime }), record, nowMs: NOW_MS, random });
      if (!started.ok) throw new Error(started.reason);
      record = started.record;
    },
    encrypt(text: string): Uint8Array {
      const encrypted = encrypt({ suite: x3dh, remote, record, plaintext: new TextEncoder().encode(text), nowMs: NOW_MS, random });
      if (!encrypted.ok) throw new Error(encrypted.reason);
      record = encrypted.record;
      return encrypted.message;
    },
    /** The text, or the reason in angle brackets. */
    decrypt(message: Uint8Array): string {
      const seenFirstMessages = (digestHex: string) => store.digests.has(digestHex);
      const decrypted = decrypt({ suite: x3dh, local, remote, record, message, prekeys, seenFirstMessages });
      if (!decrypted.ok) return `<${decrypted.reason}>`;
      record = decrypted.record;
      if (decrypted.used.oneTimePrekeyId !== undefined) store.oneTime.delete(decrypted.used.oneTimePrekeyId);
      if (decrypted.used.firstMessageDigest !== undefined) store.digests.add(decrypted.used.firstMessageDigest);
      return new TextDecoder().decode(decrypted.plaintext);
    },
  };
}
