/** What stands behind the decoders: keys that leave no secret end a session even if a decoder let them through, and so does a peer that
 *  knows every key and writes nonsense. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import type { EcPublicKey, IdentityPublicKey } from "@/server/contract/signatures";
import { pqxdh } from "./pqxdh";
import type { SendingChain, Session, SessionRecord } from "./session-state";
import type { Decoded, DecodedMessage, Suite } from "./suite";
import { contents, createDevice, type Device, receive, send, start, trySend } from "./testing/device";

const SMALL_ORDER = Uint8Array.from([0x05, 1, ...new Array<number>(31).fill(0)]) as EcPublicKey;
const makePair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob" })] as const;

/** Bob, whose decoder lets through what `change` makes of a message. */
function withLaxDecoder(bob: Device, change: (message: DecodedMessage) => DecodedMessage): Device {
  const decode = (bytes: Uint8Array): Decoded => {
    const decoded = pqxdh.decode(bytes);
    return decoded.ok ? { ok: true, message: change(decoded.message) } : decoded;
  };
  return { ...bob, suite: { ...pqxdh, decode } };
}

function changeCurrent(device: Device, peer: Device, change: (session: Session) => Session): void {
  const record = device.store.records.get(peer.name) as SessionRecord;
  device.store.records.set(peer.name, { ...record, current: record.current && change(record.current) });
}

describe("a key agreement without a secret", () => {
  it("starts no session, with an identity key of small order", () => {
    const [alice, bob] = makePair();
    const lax: Device = { ...alice, suite: { ...pqxdh, verifySignature: () => true } };
    const hostile: Device = { ...bob, remoteView: { ...bob.remoteView, identityKey: SMALL_ORDER as IdentityPublicKey } };
    expect(start(lax, hostile)).toEqual({ ok: false, reason: "bad_key" });
    expect(alice.store.records.size).toBe(0);
  });

  it("accepts no session, with a base key of small order", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    const before = contents(bob);
    const lax = withLaxDecoder(bob, (one) => ({ ...one, header: one.header && { ...one.header, baseKey: SMALL_ORDER } }));
    expect(receive(lax, alice, message)).toBe("<bad_key>");
    expect(contents(bob)).toBe(before);
    expect(receive(bob, alice, message)).toBe("hello");
  });

  it("turns no ratchet, with a ratchet key of small order", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    receive(alice, bob, send(bob, alice, "hi"));
    const message = send(alice, bob, "turn");
    const before = contents(bob);
    expect(
      receive(
        withLaxDecoder(bob, (one) => ({ ...one, ratchetKey: SMALL_ORDER })),
        alice,
        message,
      ),
    ).toBe("<bad_key>");
    expect(contents(bob)).toBe(before);
    expect(receive(bob, alice, message)).toBe("turn");
  });

  it("makes no sending chain: the session is spent", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    changeCurrent(bob, alice, (session) => ({ ...session, remoteRatchetKey: SMALL_ORDER }));
    expect(trySend(bob, alice, "hi")).toEqual({ ok: false, reason: "needs_new_session" });
  });
});

it("uses the last counter of a chain, and needs a new session after it", () => {
  const [alice, bob] = makePair();
  start(alice, bob);
  send(alice, bob, "first");
  changeCurrent(alice, bob, (session) => ({ ...session, sending: { ...(session.sending as SendingChain), nextCounter: 0xffff_ffff } }));
  const last = trySend(alice, bob, "last");
  expect(last.ok && pqxdh.decode(last.message)).toMatchObject({ ok: true, message: { counter: 0xffff_ffff } });
  expect(trySend(alice, bob, "one more")).toEqual({ ok: false, reason: "needs_new_session" });
});

it("refuses a message with the right MAC whose ciphertext is none, and opens the next one", () => {
  const [alice, bob] = makePair();
  receive(bob, alice, send(alice, bob, "hello"));
  const nonsense: Suite = { ...pqxdh, encode: (message, mac) => pqxdh.encode({ ...message, ciphertext: new Uint8Array(32) }, mac) };
  const hostile: Device = { ...alice, suite: nonsense };
  const before = contents(bob);
  expect(receive(bob, alice, send(hostile, bob, "x"))).toBe("<malformed>");
  expect(contents(bob)).toBe(before);
  expect(receive(bob, alice, send(alice, bob, "next"))).toBe("next");
});

it("writes what a handshake did not use as empty fields of its associated data", () => {
  const [alice, bob] = makePair();
  const [key, signedPrekey] = [alice.remoteView.identityKey, { keyId: 7, publicKey: bob.remoteView.identityKey }];
  const transcript = { initiator: alice.remoteView, responder: bob.remoteView, baseKey: key, signedPrekey, oneTimePrekey: null, kem: null };
  const fields = [
    utf8ToBytes("Parley session v1"),
    ...[alice.remoteView.identityKey, bob.remoteView.identityKey],
    ...[alice.local.userId, alice.local.deviceId, bob.local.userId, bob.local.deviceId],
    ...[key, Uint8Array.of(0, 0, 0, 7), signedPrekey.publicKey],
    ...Array.from({ length: 5 }, () => new Uint8Array(0)),
  ];
  const joined = concatBytes(...fields.flatMap((field) => [Uint8Array.of(0, field.length), field]));
  expect(pqxdh.associatedData(transcript)).toEqual(sha256(joined));
});
