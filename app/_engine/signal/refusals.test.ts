/** What a hostile server or peer may try, by name: each is refused with its reason and leaves the store as it was. */
import fs from "node:fs";
import path from "node:path";
import { concatBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { clamp, ecPublicKey, type KemPublicKey } from "@/server/contract/signatures";
import { encapsulate, generateKeyPair } from "./primitives";
import { encodeSessionRecord } from "./record-codec";
import { MAX_PREKEY_AGE_MS, type SessionRecord } from "./session-state";
import { type PrekeyBundle, startSession } from "./start-session";
import { productFiles } from "./testing/bundle";
import { createDevice, type Device, NOW_MS, peek, receive, seededRandom, send, start, trySend } from "./testing/device";
import { x3dh } from "./testing/x3dh";

const makePair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob" })] as const;
/** Bob has no one-time keys of either kind left. */
const makeDrainedPair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob", oneTime: 0, kemOneTime: 0 })] as const;
const SMALL_ORDER = Uint8Array.from([0x05, 1, ...new Array<number>(31).fill(0)]);

/** Offset of the first occurrence of `part`. */
const offsetOf = (bytes: Uint8Array, part: Uint8Array) => Buffer.from(bytes).indexOf(part);
function replaced(bytes: Uint8Array, old: Uint8Array, by: Uint8Array): Uint8Array {
  const at = offsetOf(bytes, old);
  if (at < 0 || old.length !== by.length) throw new Error("nothing to replace");
  return concatBytes(bytes.subarray(0, at), by, bytes.subarray(at + old.length));
}

const reasonOf = (result: { ok: boolean; reason?: string }) => (result.ok ? "ok" : result.reason);
const startWith = (alice: Device, bob: Device, bundle: PrekeyBundle, nowMs = NOW_MS) =>
  reasonOf(startSession({ local: alice.local, remote: bob.remoteView, bundle, record: null, nowMs, random: alice.random }));
const headerOf = (device: Device, peer: Device) => device.store.records.get(peer.name)?.current?.unacknowledged?.header;

describe("prekey bundles", () => {
  it("small_order: refuses keys that leave no secret, in a bundle and in a message", () => {
    const [alice, bob] = makePair();
    const bundle = bob.claimBundle();
    expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...bundle.signedPrekey, publicKey: SMALL_ORDER } })).toBe("bad_key");
    expect(startWith(alice, bob, { ...bundle, oneTimePrekey: { keyId: 1, publicKey: SMALL_ORDER } })).toBe("bad_key");
    start(alice, bob, bundle);
    const message = send(alice, bob, "hello");
    const { baseKey } = headerOf(alice, bob) ?? {};
    expect(receive(bob, alice, replaced(message, baseKey as Uint8Array, SMALL_ORDER))).toBe("<bad_key>");
    expect(receive(bob, alice, replaced(message, message.subarray(4, 37), SMALL_ORDER))).toBe("<bad_key>");
    expect(receive(bob, alice, message)).toBe("hello");
  });

  it("refuses keys of another type", () => {
    const [alice, bob] = makePair();
    const bundle = bob.claimBundle();
    const { signedPrekey, kemPrekey } = bundle;
    const retyped = (key: Uint8Array, type: number) => concatBytes(Uint8Array.of(type), key.subarray(1));
    const other = { ...signedPrekey, publicKey: retyped(signedPrekey.publicKey, 0x06) };
    expect(startWith(alice, bob, { ...bundle, signedPrekey: other })).toBe("bad_key");
    if (kemPrekey === null) throw new Error("no KEM prekey");
    expect(startWith(alice, bob, { ...bundle, kemPrekey: { ...kemPrekey, publicKey: retyped(kemPrekey.publicKey, 0x05) } })).toBe(
      "bad_key",
    );
    expect(startWith(alice, bob, { ...bundle, kemPrekey: null })).toBe("missing_kem_prekey");
  });

  it("refuses a prekey that another device signed, or whose id, time or key differs from the signed ones", () => {
    const [alice, bob] = makePair();
    const mallory = createDevice({ name: "mallory" });
    const bundle = bob.claimBundle();
    const { signedPrekey, kemPrekey } = bundle;
    expect(startWith(alice, bob, mallory.claimBundle())).toBe("bad_signature");
    expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...signedPrekey, keyId: 2 } })).toBe("bad_signature");
    expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...signedPrekey, createdAtMs: NOW_MS + 1 } })).toBe("bad_signature");
    const publicKey = ecPublicKey(clamp(new Uint8Array(32).fill(5)));
    expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...signedPrekey, publicKey } })).toBe("bad_signature");
    if (kemPrekey === null) throw new Error("no KEM prekey");
    expect(startWith(alice, bob, { ...bundle, kemPrekey: { ...kemPrekey, keyId: 9 } })).toBe("bad_signature");
    expect(startWith(alice, bob, bundle)).toBe("ok");
  });

  it("last_resort_as_one_time: refuses a last-resort key handed out as a one-time key, and the reverse", () => {
    const [alice, bob] = makeDrainedPair();
    const bundle = bob.claimBundle();
    if (bundle.kemPrekey === null) throw new Error("no KEM prekey");
    expect(bundle.kemPrekey.isLastResort).toBe(true);
    expect(startWith(alice, bob, { ...bundle, kemPrekey: { ...bundle.kemPrekey, isLastResort: false } })).toBe("bad_signature");
    const full = createDevice({ name: "bob" }).claimBundle();
    if (full.kemPrekey === null) throw new Error("no KEM prekey");
    expect(startWith(alice, bob, { ...full, kemPrekey: { ...full.kemPrekey, isLastResort: true } })).toBe("bad_signature");
  });

  it("last_resort_as_one_time: a message to the last-resort key never uses that key up", () => {
    const [alice, bob] = makeDrainedPair();
    expect(peek(bob, alice, send(alice, bob, "hello"))).toMatchObject({ ok: true, used: { signedPrekeyId: 1, kemLastResortId: 2 } });
    const decrypted = peek(bob, alice, send(alice, bob, "hello"));
    expect(decrypted.ok && Object.keys(decrypted.used).sort()).toEqual(["firstMessageDigest", "kemLastResortId", "signedPrekeyId"]);
  });

  it("old_signed_prekey: refuses signed and last-resort prekeys after 37 days; one-time KEM keys wait longer", () => {
    const alice = createDevice({ name: "alice" });
    const bob = createDevice({ name: "bob" });
    const bundle = bob.claimBundle();
    expect(startWith(alice, bob, bundle, NOW_MS + MAX_PREKEY_AGE_MS)).toBe("ok");
    expect(startWith(alice, bob, bundle, NOW_MS + MAX_PREKEY_AGE_MS + 1)).toBe("stale_prekey");
    const later = createDevice({ name: "bob", nowMs: NOW_MS + MAX_PREKEY_AGE_MS, kemOneTime: 0 }).claimBundle();
    expect(startWith(alice, bob, { ...bundle, signedPrekey: later.signedPrekey }, NOW_MS + MAX_PREKEY_AGE_MS + 1)).toBe("ok");
    const lastResort = createDevice({ name: "bob", kemOneTime: 0 }).claimBundle();
    const mixed = { ...later, kemPrekey: lastResort.kemPrekey };
    expect(startWith(alice, bob, mixed, NOW_MS + MAX_PREKEY_AGE_MS + 1)).toBe("stale_prekey");
  });
});

describe("replays", () => {
  it("replay_base_key_top_bit: a base key in another spelling is no new base key", () => {
    const [alice, bob] = makeDrainedPair();
    const message = send(alice, bob, "pay 10");
    expect(receive(bob, alice, message)).toBe("pay 10");
    const baseKey = headerOf(alice, bob)?.baseKey as Uint8Array;
    const topBit = baseKey.slice();
    topBit[32] = (topBit[32] as number) | 0x80;
    expect(receive(bob, alice, replaced(message, baseKey, topBit))).toBe("<bad_key>");
    expect(receive(bob, alice, message)).toBe("<duplicate>");
  });

  it("replay_after_reset_and_restart: a first message is refused although its session is gone", () => {
    const [alice, bob] = makeDrainedPair();
    const message = send(alice, bob, "pay 10");
    expect(receive(bob, alice, message)).toBe("pay 10");
    bob.store.records.delete(alice.name);
    const restarted = { ...bob, store: { ...bob.store, digests: new Set<string>(JSON.parse(JSON.stringify([...bob.store.digests]))) } };
    expect(receive(restarted, alice, message)).toBe("<replayed_first_message>");
    expect(restarted.store.records.size).toBe(0);
    // What is remembered is what refuses it: without the memory it would open again.
    expect(receive({ ...bob, store: { ...bob.store, digests: new Set() } }, alice, message)).toBe("pay 10");
  });

  it("refuses a first message whose one-time keys were used", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "pay 10");
    expect(receive(bob, alice, message)).toBe("pay 10");
    expect([bob.store.oneTime.size, bob.store.kem.size]).toEqual([0, 1]);
    bob.store.records.delete(alice.name);
    expect(receive(bob, alice, message)).toBe("<unknown_prekey>");
  });

  it("names each missing prekey as unknown", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    for (const name of ["signed", "oneTime", "kem"] as const) {
      expect(receive({ ...bob, prekeys: { ...bob.prekeys, [name]: () => undefined } }, alice, message)).toBe("<unknown_prekey>");
    }
    expect(receive(bob, alice, message)).toBe("hello");
  });
});

describe("forged messages", () => {
  it("forged_prekey_leaves_store: names real prekeys, opens nothing and spends nothing", () => {
    const [alice, bob] = makePair();
    const genuine = send(alice, bob, "genuine");
    const forged = replaced(genuine, headerOf(alice, bob)?.baseKey as Uint8Array, generateKeyPair(seededRandom("mallory")).publicKey);
    expect(receive(bob, alice, forged)).toBe("<bad_mac>");
    expect([bob.store.oneTime.size, bob.store.kem.size, bob.store.digests.size, bob.store.records.size]).toEqual([1, 2, 0, 0]);
    expect(receive(bob, alice, genuine)).toBe("genuine");
  });

  it("kem_ciphertext_swapped: another ciphertext for the same KEM key gives another secret", () => {
    const [alice, bob] = makePair();
    const bundle = bob.claimBundle();
    start(alice, bob, bundle);
    const message = send(alice, bob, "hello");
    const own = headerOf(alice, bob)?.kem?.ciphertext as Uint8Array;
    const { ciphertext } = encapsulate(bundle.kemPrekey?.publicKey as KemPublicKey, seededRandom("mallory"));
    expect(receive(bob, alice, replaced(message, own, ciphertext))).toBe("<bad_mac>");
    expect(receive(bob, alice, message)).toBe("hello");
    const repeated = send(alice, bob, "again");
    expect(receive(bob, alice, replaced(repeated, own, ciphertext))).toBe("<bad_mac>");
    expect(receive(bob, alice, repeated)).toBe("again");
  });

  it("v3_message_in_production: a message of Signal's version 3 is another version", () => {
    const [alice, bob] = makePair();
    const [signalAlice, signalBob] = [createDevice({ name: "alice", suite: x3dh }), createDevice({ name: "bob", suite: x3dh })];
    const first = send(signalAlice, signalBob, "hello").subarray(1);
    expect(first[0]).toBe(0x33);
    expect(receive(bob, alice, first)).toBe("<unsupported_version>");
    receive(bob, alice, send(alice, bob, "hello"));
    expect(receive(bob, alice, first)).toBe("<unsupported_version>");
    expect(trySend({ ...bob, suite: x3dh }, alice, "downgrade")).toEqual({ ok: false, reason: "needs_new_session" });
  });

  it("v3_message_in_production: no file of the product holds that suite's labels or imports what does", () => {
    const files = productFiles();
    expect(files).toEqual(expect.arrayContaining(["pqxdh.ts", path.join("sender-keys", "format.ts")]));
    for (const name of files) {
      expect(fs.readFileSync(path.join(import.meta.dirname, name), "utf8")).not.toMatch(/Whisper|from "\.{1,2}\/testing\//);
    }
  });

  it("jump_2001: a message may be 2,000 ahead in its chain, and no further", { timeout: 60_000 }, () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const sent = Array.from({ length: 2_003 }, (_, n) => send(bob, alice, `${n}`));
    expect(receive(alice, bob, sent[2_001] as Uint8Array)).toBe("<too_far_ahead>");
    expect(receive(alice, bob, sent[0] as Uint8Array)).toBe("0");
    expect(receive(alice, bob, sent[2_002] as Uint8Array)).toBe("<too_far_ahead>");
    expect(receive(alice, bob, sent[2_001] as Uint8Array)).toBe("2001");
    expect(receive(alice, bob, sent[2_002] as Uint8Array)).toBe("2002");
  });

  it("refuses a ratchet message without a session, and one of a session that is not here", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const answer = send(bob, alice, "answer");
    const record = alice.store.records.get(bob.name) as SessionRecord;
    alice.store.records.delete(bob.name);
    expect(receive(alice, bob, answer)).toBe("<no_session>");
    start(alice, bob);
    trySend(alice, bob, "a new session");
    expect(receive(alice, bob, answer)).toBe("<bad_mac>");
    alice.store.records.set(bob.name, record);
    expect(receive(alice, bob, answer)).toBe("answer");
  });

  it("refuses a message beyond the end that its sender gave the chain", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "0"));
    receive(alice, bob, send(bob, alice, "1"));
    const beforeTurn = bob.store.records.get(alice.name) as SessionRecord;
    receive(bob, alice, send(alice, bob, "2"));
    receive(alice, bob, send(bob, alice, "3"));
    const before = encodeSessionRecord(alice.store.records.get(bob.name) as SessionRecord);
    bob.store.records.set(alice.name, beforeTurn);
    expect(receive(alice, bob, send(bob, alice, "from a copy of bob"))).toBe("<malformed>");
    expect(encodeSessionRecord(alice.store.records.get(bob.name) as SessionRecord)).toEqual(before);
  });

  it("never lets a message come back to its sender", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    receive(alice, bob, send(bob, alice, "hi"));
    const message = send(alice, bob, "echo");
    expect(receive(alice, bob, message)).toBe("<bad_mac>");
    expect(receive(bob, alice, message)).toBe("echo");
  });
});
