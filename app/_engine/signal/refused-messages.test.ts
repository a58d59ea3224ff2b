/** Messages that come again, lie about their numbers, are cut, too long, or of another suite. */
import { concatBytes } from "@noble/hashes/utils.js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pqxdh } from "./pqxdh";
import { agree, encryptCbc, hkdf, hmacSha256 } from "./primitives";
import { archiveSessions, MAX_KEYS_AHEAD, type SessionRecord } from "./session-state";
import type { DecodedMessage } from "./suite";
import { contents, createDevice, type Device, receive, send, start } from "./testing/device";
import { placeOf } from "./testing/message-fields";
import { x3dh } from "./testing/x3dh";

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

describe("a message that comes again", () => {
  it("replayed_message: opens once, in the session it came in, after others, after turns of the ratchet and after a new session", () => {
    const [alice, bob] = makeAcquainted();
    const message = send(alice, bob, "pay 10");
    expect(receive(bob, alice, message)).toBe("pay 10");
    expect(receive(bob, alice, message)).toBe("<duplicate>");
    receive(bob, alice, send(alice, bob, "next"));
    receive(alice, bob, send(bob, alice, "turn"));
    receive(bob, alice, send(alice, bob, "turn"));
    expect(receive(bob, alice, message)).toBe("<duplicate>");
    start(alice, bob);
    receive(bob, alice, send(alice, bob, "in a new session"));
    expect(receive(bob, alice, message)).toBe("<duplicate>");
  });

  it("replayed_after_reset: an archived session still knows it, and a deleted one can't open it", () => {
    const [alice, bob] = makeAcquainted();
    const first = send(alice, bob, "first");
    const late = send(alice, bob, "late");
    expect(receive(bob, alice, first)).toBe("first");
    bob.store.records.set(alice.name, archiveSessions(bob.store.records.get(alice.name) as SessionRecord));
    expect(receive(bob, alice, first)).toBe("<duplicate>");
    expect(receive(bob, alice, late)).toBe("late");
    bob.store.records.delete(alice.name);
    expect(receive(bob, alice, late)).toBe("<no_session>");
    start(bob, alice);
    expect(receive(bob, alice, late)).toBe("<bad_mac>");
  });

  it("one_time_prekey_used_twice: the second session with keys that the server handed out twice is refused, and the first one lives", () => {
    const [alice, bob] = makePair();
    const carol = createDevice({ name: "carol" });
    const bundle = bob.claimBundle();
    start(alice, bob, bundle);
    start(carol, bob, bundle);
    const [fromAlice, fromCarol] = [send(alice, bob, "first"), send(carol, bob, "second")];
    expect(receive(bob, alice, fromAlice)).toBe("first");
    const before = contents(bob);
    expect(receive(bob, carol, fromCarol)).toBe("<unknown_prekey>");
    expect(contents(bob)).toBe(before);
    expect(receive(alice, bob, send(bob, alice, "answer"))).toBe("answer");
  });
});

describe("a message of one of several sessions", () => {
  it("is opened by the one that knows its ratchet key, and the others are not tried", () => {
    const [alice, bob] = makeAcquainted();
    receive(bob, alice, send(alice, bob, "one"));
    const late = send(alice, bob, "two");
    start(alice, bob);
    receive(bob, alice, send(alice, bob, "in a new session"));
    send(bob, alice, "so that a turn of the new one is possible");
    vi.clearAllMocks();
    expect(receive(bob, alice, late)).toBe("two");
    expect(agree).not.toHaveBeenCalled();
  });

  it("is not opened in a session of another version", () => {
    const [alice, bob] = makeAcquainted();
    const { current, archived } = bob.store.records.get(alice.name) as SessionRecord;
    const message = send(alice, bob, "hello");
    bob.store.records.set(alice.name, { current: current && { ...current, version: x3dh.version }, archived });
    expect(receive(bob, alice, message)).toBe("<identity_mismatch>");
  });
});

describe("a counter that lies", () => {
  const countHmacs = () => vi.mocked(hmacSha256).mock.calls.length;
  const u32 = 0xffff_ffff;

  /** The same message with other numbers; whoever sends it can't know the MAC's key. */
  function renumbered(message: Uint8Array, changes: Partial<Pick<DecodedMessage, "counter" | "ratchetKey">>): Uint8Array {
    const decoded = pqxdh.decode(message);
    if (!decoded.ok) throw new Error(decoded.reason);
    return pqxdh.encode({ ...decoded.message, previousLength: decoded.message.previousLength ?? 0, ...changes }, () => decoded.message.mac);
  }

  it.each([MAX_KEYS_AHEAD + 2, 2 ** 31, u32])("counter %i in a chain that is known derives nothing", (counter) => {
    const [alice, bob] = makeAcquainted();
    receive(bob, alice, send(alice, bob, "one"));
    const message = renumbered(send(alice, bob, "two"), { counter });
    refusedWithoutDerivation(alice, bob, message);
  });

  it.each([MAX_KEYS_AHEAD + 1, 2 ** 31, u32])("counter %i in a new chain derives nothing, and agrees on nothing", (counter) => {
    const [alice, bob] = makeAcquainted();
    refusedWithoutDerivation(alice, bob, renumbered(send(alice, bob, "turn"), { counter }));
  });

  it("is told apart from a changed message although only one of two sessions could go on with it", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "never answered"));
    start(alice, bob);
    receive(bob, alice, send(alice, bob, "hello"));
    receive(alice, bob, send(bob, alice, "hi"));
    const turn = send(alice, bob, "turn");
    expect(receive(bob, alice, renumbered(turn, { counter: MAX_KEYS_AHEAD }))).toBe("<bad_mac>");
    expect(receive(bob, alice, renumbered(turn, { counter: MAX_KEYS_AHEAD + 1 }))).toBe("<too_far_ahead>");
  });

  it("behind the end of a chain that the peer has left derives nothing", () => {
    const [alice, bob] = makeAcquainted();
    receive(bob, alice, send(alice, bob, "one"));
    const last = send(alice, bob, "two");
    receive(alice, bob, send(bob, alice, "turn"));
    receive(bob, alice, send(alice, bob, "in the next chain"));
    vi.clearAllMocks();
    expect([receive(bob, alice, renumbered(last, { counter: 2 })), countHmacs()]).toEqual(["<malformed>", 0]);
    expect(receive(bob, alice, last)).toBe("two");
  });

  it.each([MAX_KEYS_AHEAD + 1, u32])("counter %i in a first message derives no message key", (counter) => {
    const [alice, bob] = makePair();
    const message = renumbered(send(alice, bob, "hello"), { counter });
    const before = contents(bob);
    vi.clearAllMocks();
    expect(receive(bob, alice, message)).toBe("<too_far_ahead>");
    expect([countHmacs(), contents(bob)]).toEqual([0, before]);
  });

  it("costs at most the keys of the limit when it stays within it, and nothing of them is kept", () => {
    const [alice, bob] = makeAcquainted();
    receive(bob, alice, send(alice, bob, "one"));
    const genuine = send(alice, bob, "two");
    const before = contents(bob);
    vi.clearAllMocks();
    expect(receive(bob, alice, renumbered(genuine, { counter: MAX_KEYS_AHEAD + 1 }))).toBe("<bad_mac>");
    // Seed and next chain key of each message, and one MAC.
    expect(countHmacs()).toBe(2 * (MAX_KEYS_AHEAD + 1) + 1);
    expect(contents(bob)).toBe(before);
    expect(receive(bob, alice, genuine)).toBe("two");
  });

  function refusedWithoutDerivation(from: Device, to: Device, message: Uint8Array): void {
    const before = contents(to);
    vi.clearAllMocks();
    expect(receive(to, from, message)).toBe("<too_far_ahead>");
    expect([hmacSha256, hkdf, agree, encryptCbc].map((each) => vi.mocked(each).mock.calls.length)).toEqual([0, 0, 0, 0]);
    expect(contents(to)).toBe(before);
  }
});

describe("bytes that are no message", () => {
  it("truncated: no beginning of a message is a message", () => {
    const [alice, bob] = makePair();
    const first = send(alice, bob, "hello");
    const before = contents(bob);
    for (let length = 0; length < first.length; length++) {
      const reason = receive(bob, alice, first.subarray(0, length));
      expect(reason).toBe("<malformed>");
    }
    expect(contents(bob)).toBe(before);
    receive(bob, alice, first);
    const answer = send(bob, alice, "answer");
    for (let length = 0; length < answer.length; length++) expect(receive(alice, bob, answer.subarray(0, length))).toBe("<malformed>");
    expect(receive(alice, bob, answer)).toBe("answer");
  });

  it("oversized: a field that is longer than it may be, or says so, is refused before it is copied", () => {
    const [alice, bob] = makeAcquainted();
    const message = send(alice, bob, "hello");
    const { start: at } = placeOf(message, "ciphertext");
    const withCiphertext = (length: Uint8Array, bytes: Uint8Array) =>
      concatBytes(message.subarray(0, at - 1), length, bytes, message.subarray(-16));
    const longest = withCiphertext(Uint8Array.of(0x80, 0x80, 0x08), new Uint8Array(131_072));
    const tooLong = withCiphertext(Uint8Array.of(0x90, 0x80, 0x08), new Uint8Array(131_088));
    const endless = withCiphertext(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), new Uint8Array(16));
    expect(receive(bob, alice, longest)).toBe("<bad_mac>");
    expect(receive(bob, alice, tooLong)).toBe("<malformed>");
    expect(receive(bob, alice, endless)).toBe("<malformed>");
    expect(receive(bob, alice, concatBytes(message, new Uint8Array(1)))).toBe("<malformed>");
    expect(receive(bob, alice, message)).toBe("hello");
  });

  it("other_suite: neither suite reads a message of the other, before a session or in one", () => {
    const [alice, bob] = makePair();
    const [signalAlice, signalBob] = [createDevice({ name: "alice", suite: x3dh }), createDevice({ name: "bob", suite: x3dh })];
    const [ours, theirs] = [send(alice, bob, "ours"), send(signalAlice, signalBob, "theirs")];
    for (const stored of [false, true]) {
      if (stored) expect([receive(bob, alice, ours), receive(signalBob, signalAlice, theirs)]).toEqual(["ours", "theirs"]);
      expect(receive(signalBob, signalAlice, ours)).toBe("<unsupported_version>");
      expect(receive(bob, alice, theirs)).toBe("<unsupported_version>");
    }
  });
});
