/** Every field of a message and of a bundle, changed by somebody on the way: refused with its reason, at little cost, and nothing is stored. */
import { concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { KemPublicKey } from "@/server/contract/signatures";
import { agree } from "./primitives";
import { type PrekeyBundle, startSession } from "./start-session";
import { contents, createDevice, type Device, NOW_MS, receive, send } from "./testing/device";
import { flipped, type Place, placeOf, placesIn, withField } from "./testing/message-fields";

// The real functions; their calls are counted.
vi.mock("./primitives", { spy: true });
beforeEach(() => void vi.clearAllMocks());

const makePair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob" })] as const;
/** Alice and Bob after one message each way. */
function makeAcquainted() {
  const [alice, bob] = makePair();
  receive(bob, alice, send(alice, bob, "hello"));
  receive(alice, bob, send(bob, alice, "hi"));
  return [alice, bob] as const;
}

/** u of every point whose order divides 8, on the curve and its twist, in every spelling of 32 bytes. */
const LOW_ORDER_U = [
  `${"00".repeat(32)}`,
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
].flatMap((hex) => {
  const canonical = hexToBytes(hex);
  return [canonical, canonical.with(31, (canonical[31] as number) | 0x80)];
});
const typed = (type: number, key: Uint8Array) => concatBytes(Uint8Array.of(type), key);
const otherTypes = Array.from({ length: 256 }, (_, type) => type).filter((type) => type !== 0x05);

describe("a flipped bit in the field of a message", () => {
  const RATCHET: [Place["name"], RegExp][] = [
    ["version", /^<unsupported_version>$/],
    ["type", /^<(unsupported_version|malformed)>$/],
    ["ratchet key", /^<(bad_mac|bad_key)>$/],
    ["counter", /^<(bad_mac|malformed|duplicate)>$/],
    ["previous length", /^<(bad_mac|malformed)>$/],
    ["ciphertext", /^<bad_mac>$/],
    ["MAC", /^<bad_mac>$/],
  ];
  const FIRST: [Place["name"], RegExp][] = [
    ...RATCHET,
    ["identity key", /^<identity_mismatch>$|^<bad_key>$/],
    ["base key", /^<(bad_mac|bad_key)>$/],
    ["signed prekey id", /^<(unknown_prekey|malformed)>$/],
    ["one-time prekey id", /^<(unknown_prekey|malformed)>$/],
    ["KEM prekey id", /^<(unknown_prekey|malformed)>$/],
    ["KEM ciphertext", /^<bad_mac>$/],
  ];

  it.each(FIRST)("first message, %s", (name, reason) => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    refusesFlips(alice, bob, message, name, reason);
    expect(receive(bob, alice, message)).toBe("hello");
  });

  it.each(FIRST)("repeated first message of a session that is known, %s", (name, reason) => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const message = send(alice, bob, "again");
    // The session is known by its base key, so nothing else of the header counts, except for what the MAC covers.
    const isOfHeader = /prekey id$/.test(name);
    refusesFlips(
      alice,
      bob,
      message,
      name,
      isOfHeader ? /^<(bad_mac|malformed)>$/ : name === "base key" ? /^<(bad_key|unknown_prekey)>$/ : reason,
    );
    expect(receive(bob, alice, message)).toBe("again");
  });

  it.each(RATCHET)("ratchet message, %s", (name, reason) => {
    const [alice, bob] = makeAcquainted();
    const message = send(alice, bob, "and again");
    expect(message[1]).toBe(1);
    refusesFlips(alice, bob, message, name, reason);
    expect(receive(bob, alice, message)).toBe("and again");
  });

  it("is tried in every field that there is", () => {
    const [alice, bob] = makePair();
    const names = (rows: [string, RegExp][]) => rows.map(([name]) => name).sort();
    expect(
      placesIn(send(alice, bob, "hello"))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names(FIRST));
    const [carol, dave] = makeAcquainted();
    expect(
      placesIn(send(carol, dave, "hello"))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names(RATCHET));
  });

  function refusesFlips(from: Device, to: Device, message: Uint8Array, name: Place["name"], reason: RegExp): void {
    const { start: first, end } = placeOf(message, name);
    const before = contents(to);
    for (const at of new Set([first, (first + end) >> 1, end - 1])) {
      for (const bit of [1, 0x80]) expect(receive(to, from, flipped(message, at, bit))).toMatch(reason);
    }
    expect(contents(to)).toBe(before);
  }
});

describe("keys that must not be used", () => {
  it("changed_identity: a first message under another identity key is refused before anything is derived", () => {
    const [alice, bob] = makePair();
    const mallory = createDevice({ name: "mallory" });
    const before = contents(bob);
    const messages = [send(mallory, bob, "I am alice"), send(alice, bob, "hello")];
    const [genuine] = messages.slice(1);
    vi.clearAllMocks();
    expect(receive(bob, alice, messages[0] as Uint8Array)).toBe("<identity_mismatch>");
    const renamed = withField(genuine as Uint8Array, "identity key", mallory.remoteView.identityKey);
    expect(receive(bob, alice, renamed)).toBe("<identity_mismatch>");
    expect(receive(bob, mallory, renamed)).toBe("<bad_mac>");
    expect(contents(bob)).toBe(before);
    expect(receive(bob, alice, genuine as Uint8Array)).toBe("hello");
  });

  it("low_order_key: every spelling of every point of small order is refused in every key of a message, without an agreement", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    const before = contents(bob);
    vi.clearAllMocks();
    for (const u of LOW_ORDER_U) {
      for (const name of ["ratchet key", "base key", "identity key"] as const) {
        expect(receive(bob, alice, withField(message, name, typed(0x05, u)))).toBe("<bad_key>");
      }
    }
    expect([vi.mocked(agree).mock.calls.length, contents(bob)]).toEqual([0, before]);
  });

  it("low_order_key: and in a bundle, although the device itself signed it", () => {
    const [alice, bob] = makePair();
    const bundle = bob.claimBundle();
    for (const u of LOW_ORDER_U) {
      const publicKey = typed(0x05, u);
      expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...bundle.signedPrekey, publicKey } })).toBe("bad_key");
      expect(startWith(alice, bob, { ...bundle, oneTimePrekey: { keyId: 100, publicKey } })).toBe("bad_key");
    }
  });

  it("wrong_type_byte: a key of any type but X25519's is none", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    for (const type of otherTypes) {
      for (const name of ["ratchet key", "base key", "identity key"] as const) {
        expect(receive(bob, alice, message.with(placeOf(message, name).start, type))).toBe("<bad_key>");
      }
    }
    expect(receive(bob, alice, message)).toBe("hello");
  });

  it("bad_prekey_signature and bad_kem_signature: one wrong bit, none, another key's or another kind's", () => {
    const [alice, bob] = makePair();
    const mallory = createDevice({ name: "mallory" });
    const bundle = bob.claimBundle();
    const { signedPrekey, kemPrekey } = bundle;
    if (kemPrekey === null) throw new Error("no KEM prekey");
    const [ownSignature, kemSignature] = [signedPrekey.signature, kemPrekey.signature];
    const wrong = [0, 31, 32, 63].flatMap((at) => [1, 0x80].map((bit) => [at, bit] as const));
    const lengths = [new Uint8Array(0), new Uint8Array(64), ownSignature.subarray(1), concatBytes(ownSignature, new Uint8Array(1))];
    const others = [mallory.claimBundle().signedPrekey.signature, kemSignature];
    for (const signature of [...wrong.map(([at, bit]) => flipped(ownSignature, at, bit)), ...lengths, ...others]) {
      expect(startWith(alice, bob, { ...bundle, signedPrekey: { ...signedPrekey, signature } })).toBe("bad_signature");
    }
    for (const signature of [...wrong.map(([at, bit]) => flipped(kemSignature, at, bit)), ...lengths, ownSignature]) {
      expect(startWith(alice, bob, { ...bundle, kemPrekey: { ...kemPrekey, signature } })).toBe("bad_signature");
    }
    const other = createDevice({ name: "mallory" }).claimBundle().kemPrekey?.publicKey as KemPublicKey;
    expect(startWith(alice, bob, { ...bundle, kemPrekey: { ...kemPrekey, publicKey: other } })).toBe("bad_signature");
    expect(startWith(alice, bob, bundle)).toBe("ok");
  });

  function startWith(from: Device, to: Device, bundle: PrekeyBundle): string {
    const started = startSession({ local: from.local, remote: to.remoteView, bundle, record: null, nowMs: NOW_MS, random: from.random });
    return started.ok ? "ok" : started.reason;
  }
});
