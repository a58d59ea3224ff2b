/** The shared session code against Signal's own library, through the suite that speaks its version 3. */
import { describe, expect, it } from "vitest";
import { decrypt } from "./decrypt";
import { encrypt } from "./encrypt";
import type { SessionRecord } from "./session-state";
import { startSession } from "./start-session";
import { createDevice, type Device, NOW_MS } from "./testing/device";
import { createLibsignalPeer, type LibsignalPeer } from "./testing/libsignal-peer";
import { PREKEY_MESSAGE, WHISPER_MESSAGE, x3dh } from "./testing/x3dh";

/** Our side of a conversation with a libsignal peer. */
function createOurs(device: Device, peer: LibsignalPeer) {
  let record: SessionRecord | null = null;
  const { local, random, prekeys, store } = device;
  const { remoteView: remote } = peer;
  return {
    start(withOneTime: boolean) {
      const started = startSession({ suite: x3dh, local, remote, bundle: peer.bundle({ withOneTime }), record, nowMs: NOW_MS, random });
      if (!started.ok) throw new Error(started.reason);
      record = started.record;
    },
    encrypt(text: string): Uint8Array {
      const encrypted = encrypt({ suite: x3dh, remote, record, plaintext: Buffer.from(text), nowMs: NOW_MS, random });
      if (!encrypted.ok) throw new Error(encrypted.reason);
      record = encrypted.record;
      return encrypted.message;
    },
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

async function makePair(name: string, oneTime = 1) {
  const device = createDevice({ name, suite: x3dh, oneTime });
  const peer = await createLibsignalPeer("signal");
  return { device, peer, ours: createOurs(device, peer) };
}

describe.each([true, false])("with a one-time prekey: %s", (withOneTime) => {
  it("starts a session that Signal's library accepts and answers", async () => {
    const { device, peer, ours } = await makePair("alice");
    ours.start(withOneTime);
    const first = ours.encrypt("hello");
    expect(first[0]).toBe(PREKEY_MESSAGE);
    expect(await peer.decrypt(device.name, first)).toBe("hello");
    expect(await peer.decrypt(device.name, ours.encrypt("again"))).toBe("again");
    const answer = await peer.encrypt(device.name, "hello yourself");
    expect(answer[0]).toBe(WHISPER_MESSAGE);
    expect(ours.decrypt(answer)).toBe("hello yourself");
    const later = ours.encrypt("acknowledged");
    expect(later[0]).toBe(WHISPER_MESSAGE);
    expect(await peer.decrypt(device.name, later)).toBe("acknowledged");
  });

  it("accepts a session that Signal's library starts", async () => {
    const { device, peer, ours } = await makePair("bob", withOneTime ? 1 : 0);
    await peer.startWith(device.name, device.remoteView.identityKey, device.claimBundle());
    const first = await peer.encrypt(device.name, "one");
    const second = await peer.encrypt(device.name, "two");
    expect(first[0]).toBe(PREKEY_MESSAGE);
    expect(ours.decrypt(second)).toBe("two");
    expect(ours.decrypt(first)).toBe("one");
    expect(ours.decrypt(first)).toBe("<duplicate>");
    expect(device.store.oneTime.size).toBe(0);
    expect(await peer.decrypt(device.name, ours.encrypt("three"))).toBe("three");
    expect(ours.decrypt(await peer.encrypt(device.name, "four"))).toBe("four");
  });
});

it("talks with Signal's library through loss and reordering, over many turns", async () => {
  const { device, peer, ours } = await makePair("carol");
  ours.start(true);
  const lateToPeer: [string, Uint8Array][] = [];
  const lateToUs: [string, Uint8Array][] = [];
  for (let turn = 0; turn < 12; turn++) {
    for (const n of [0, 1, 2, 3]) {
      const text = `ours ${turn}.${n}`;
      const message = ours.encrypt(text);
      // Every second message is on time, every fourth late, every fourth lost.
      if (n % 2 === 0) expect(await peer.decrypt(device.name, message)).toBe(text);
      else if (n === 1) lateToPeer.push([text, message]);
    }
    for (const n of [0, 1, 2, 3]) {
      const text = `theirs ${turn}.${n}`;
      const message = await peer.encrypt(device.name, text);
      if (n % 2 === 0) expect(ours.decrypt(message)).toBe(text);
      else if (n === 1) lateToUs.push([text, message]);
    }
    // Late by two turns.
    if (turn % 3 === 2) {
      for (const [text, message] of lateToPeer.splice(0).reverse()) expect(await peer.decrypt(device.name, message)).toBe(text);
      for (const [text, message] of lateToUs.splice(0).reverse()) expect(ours.decrypt(message)).toBe(text);
    }
  }
});

it("converges with Signal's library when both start at once", async () => {
  const { device, peer, ours } = await makePair("dave");
  ours.start(true);
  await peer.startWith(device.name, device.remoteView.identityKey, device.claimBundle());
  const [fromUs, fromThem] = [ours.encrypt("mine"), await peer.encrypt(device.name, "yours")];
  const [fromUs2, fromThem2] = [ours.encrypt("mine 2"), await peer.encrypt(device.name, "yours 2")];
  expect(ours.decrypt(fromThem2)).toBe("yours 2");
  expect(await peer.decrypt(device.name, fromUs)).toBe("mine");
  for (let turn = 0; turn < 4; turn++) {
    expect(await peer.decrypt(device.name, ours.encrypt(`ours ${turn}`))).toBe(`ours ${turn}`);
    expect(ours.decrypt(await peer.encrypt(device.name, `theirs ${turn}`))).toBe(`theirs ${turn}`);
  }
  expect(ours.decrypt(fromThem)).toBe("yours");
  expect(await peer.decrypt(device.name, fromUs2)).toBe("mine 2");
});

it("refuses what Signal's library refuses: a changed byte of the message inside", async () => {
  const { device, peer, ours } = await makePair("erin");
  ours.start(true);
  await peer.decrypt(device.name, ours.encrypt("hello"));
  const message = await peer.encrypt(device.name, "an answer");
  const changed = message.slice();
  changed[message.length - 12] = (changed[message.length - 12] as number) ^ 1;
  expect(ours.decrypt(changed)).toBe("<bad_mac>");
  expect(ours.decrypt(message)).toBe("an answer");
});
