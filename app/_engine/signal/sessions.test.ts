/** The rules that sessions keep, between devices of the product's suite. */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { encrypt } from "./encrypt";
import { decodeSessionRecord, encodeSessionRecord } from "./record-codec";
import {
  archiveSessions,
  MAX_ARCHIVED_SESSIONS,
  MAX_RECEIVING_CHAINS,
  MAX_SKIPPED_KEYS,
  MAX_UNACKNOWLEDGED_MS,
  type SessionRecord,
  sessionsOf,
} from "./session-state";
import { contents, createDevice, type Device, NOW_MS, peek, receive, send, start, trySend } from "./testing/device";

const makePair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob" })] as const;
const recordOf = (device: Device, peer: Device) => device.store.records.get(peer.name) as SessionRecord;
const currentOf = (device: Device, peer: Device) => recordOf(device, peer).current;
const receivingOf = (device: Device, peer: Device) => currentOf(device, peer)?.receiving ?? [];

describe("a conversation", () => {
  it("sends first messages until the peer answers, then shorter ones", () => {
    const [alice, bob] = makePair();
    const [first, second] = [send(alice, bob, "one"), send(alice, bob, "two")];
    expect([first[1], second[1]]).toEqual([2, 2]);
    expect(receive(bob, alice, first)).toBe("one");
    expect(receive(bob, alice, second)).toBe("two");
    expect(receive(alice, bob, send(bob, alice, "three"))).toBe("three");
    const later = send(alice, bob, "four");
    expect(later[1]).toBe(1);
    expect(later.length).toBeLessThan(100);
    expect(receive(bob, alice, later)).toBe("four");
  });

  it("opens messages of several turns in any order, each once", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const late: [string, Uint8Array][] = [];
    for (let turn = 0; turn < MAX_RECEIVING_CHAINS - 1; turn++) {
      for (const n of [0, 1, 2]) late.push([`${turn}.${n}`, send(bob, alice, `${turn}.${n}`)]);
      expect(receive(alice, bob, (late.pop() as [string, Uint8Array])[1])).toBe(`${turn}.2`);
      expect(receive(bob, alice, send(alice, bob, "go on"))).toBe("go on");
    }
    for (const [text, message] of late.reverse()) expect(receive(alice, bob, message)).toBe(text);
    for (const [, message] of late) expect(receive(alice, bob, message)).toBe("<duplicate>");
  });

  it("carries empty and long texts", () => {
    const [alice, bob] = makePair();
    for (const text of ["", "x".repeat(15), "x".repeat(16), "ü".repeat(28_000)])
      expect(receive(bob, alice, send(alice, bob, text))).toBe(text);
  });

  it("encrypts each message under another key, also the same text", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const [a, b] = [send(bob, alice, "same"), send(bob, alice, "same")];
    expect(Buffer.from(a.subarray(-48)).equals(Buffer.from(b.subarray(-48)))).toBe(false);
  });

  it("keeps no chain key of a chain that is finished, and no skipped key that was used", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "0"));
    const [first, second] = [send(bob, alice, "1"), send(bob, alice, "2")];
    receive(alice, bob, second);
    receive(bob, alice, send(alice, bob, "3"));
    receive(alice, bob, send(bob, alice, "4"));
    const [old] = receivingOf(alice, bob);
    expect(old).toMatchObject({ chainKey: null, length: 2, nextCounter: 2 });
    expect(old?.skipped.length).toBe(1);
    receive(alice, bob, first);
    expect(receivingOf(alice, bob)[0]?.skipped).toEqual([]);
  });

  it("keeps the chain key of a chain whose last messages are missing, until they come", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "0"));
    receive(alice, bob, send(bob, alice, "1"));
    const missing = send(bob, alice, "2");
    receive(bob, alice, send(alice, bob, "3"));
    receive(alice, bob, send(bob, alice, "4"));
    expect(receivingOf(alice, bob)[0]?.chainKey).not.toBeNull();
    expect(receive(alice, bob, missing)).toBe("2");
    expect(receivingOf(alice, bob)[0]?.chainKey).toBeNull();
  });
});

describe("a first message without a one-time prekey", () => {
  it("opens, and none is looked for", () => {
    const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob", oneTime: 0 })];
    const message = send(alice, bob, "hello");
    const asked: (number | null)[] = [];
    const oneTime = (keyId: number) => {
      asked.push(keyId);
      return null;
    };
    expect([receive({ ...bob, prekeys: { ...bob.prekeys, oneTime } }, alice, message), asked]).toEqual(["hello", []]);
  });
});

describe("rule 1: what fails changes nothing", () => {
  it("leaves values as they were, in success and failure alike", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const message = send(alice, bob, "again");
    const before = contents(bob);
    expect(peek(bob, alice, message).ok).toBe(true);
    expect(contents(bob)).toBe(before);
    const encrypted = encrypt({
      remote: alice.remoteView,
      record: recordOf(bob, alice),
      plaintext: utf8ToBytes("x"),
      nowMs: NOW_MS,
      random: bob.random,
    });
    expect(encrypted.ok).toBe(true);
    expect(contents(bob)).toBe(before);
  });

  it("flipped bit in every byte of a message changes nothing, and the message still opens", { timeout: 60_000 }, () => {
    const [alice, bob] = makePair();
    const first = send(alice, bob, "first");
    const repeated = send(alice, bob, "repeated");
    // The KEM ciphertext, where each flip costs a decapsulation, in steps of 64 bytes.
    const inKem = (at: number) => at > first.length - 16 - 1_568 && at < first.length - 16;
    flipAll(first, bob, alice, (at) => !inKem(at) || at % 64 === 0);
    expect(receive(bob, alice, first)).toBe("first");
    flipAll(repeated, bob, alice, () => true);
    expect(receive(bob, alice, repeated)).toBe("repeated");
    const answer = send(bob, alice, "answer");
    flipAll(answer, alice, bob, () => true);
    expect(receive(alice, bob, answer)).toBe("answer");
  });

  function flipAll(message: Uint8Array, to: Device, from: Device, isTried: (at: number) => boolean) {
    const before = contents(to);
    for (let at = 0; at < message.length; at++) {
      if (!isTried(at)) continue;
      const changed = message.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      expect(receive(to, from, changed)).toMatch(/^<[a-z_]+>$/);
    }
    expect(contents(to)).toBe(before);
  }
});

describe("rule 2: the manifest's identity key comes first", () => {
  it("refuses a first message that names another identity key, before looking at a prekey", () => {
    const [alice, bob] = makePair();
    const mallory = createDevice({ name: "mallory" });
    const message = send(mallory, bob, "I am alice");
    const lookups = {
      ...bob,
      prekeys: {
        signed: () => {
          throw new Error("looked");
        },
        oneTime: () => null,
        kem: () => null,
      },
    };
    expect(receive(lookups, alice, message)).toBe("<identity_mismatch>");
  });

  it("refuses messages of a session made with a key that the manifest no longer lists, in both directions", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const message = send(alice, bob, "again");
    const other = createDevice({ name: "another key" });
    const changed: Device = { ...alice, remoteView: { ...alice.remoteView, identityKey: other.remoteView.identityKey } };
    expect(receive(bob, changed, message)).toBe("<identity_mismatch>");
    receive(alice, bob, send(bob, alice, "hi"));
    receive(bob, alice, send(alice, bob, "ratchet message"));
    expect(receive(bob, changed, send(alice, bob, "ratchet message"))).toBe("<identity_mismatch>");
    expect(trySend(bob, changed, "secret")).toEqual({ ok: false, reason: "identity_mismatch" });
  });

  it("binds the ids of both accounts and devices: a message for one does not open for another", () => {
    const [alice, bob] = makePair();
    const message = send(alice, bob, "hello");
    for (const field of ["userId", "deviceId"] as const) {
      const moved: Device = { ...alice, remoteView: { ...alice.remoteView, [field]: new Uint8Array(16) } };
      expect(receive(bob, moved, message)).toBe("<bad_mac>");
      const elsewhere: Device = { ...bob, local: { ...bob.local, [field]: new Uint8Array(16) } };
      expect(receive(elsewhere, alice, message)).toBe("<bad_mac>");
    }
    expect(receive(bob, alice, message)).toBe("hello");
  });
});

describe("rule 5: both sides starting at once", () => {
  it("loses nothing and ends in one session", () => {
    const [alice, bob] = makePair();
    const fromAlice = [send(alice, bob, "a0"), send(alice, bob, "a1"), send(alice, bob, "a2")];
    const fromBob = [send(bob, alice, "b0"), send(bob, alice, "b1"), send(bob, alice, "b2")];
    expect(receive(bob, alice, fromAlice[1] as Uint8Array)).toBe("a1");
    expect(receive(alice, bob, fromBob[2] as Uint8Array)).toBe("b2");
    const [a3, b3] = [send(alice, bob, "a3"), send(bob, alice, "b3")];
    expect(receive(alice, bob, b3)).toBe("b3");
    expect(receive(bob, alice, a3)).toBe("a3");
    for (const n of [0, 2]) expect(receive(bob, alice, fromAlice[n] as Uint8Array)).toBe(`a${n}`);
    for (const n of [1, 0]) expect(receive(alice, bob, fromBob[n] as Uint8Array)).toBe(`b${n}`);
    expect(receive(bob, alice, send(alice, bob, "after"))).toBe("after");
    expect(receive(alice, bob, send(bob, alice, "all"))).toBe("all");
    expect(currentOf(alice, bob)?.baseKey).toEqual(currentOf(bob, alice)?.baseKey);
    expect(recordOf(alice, bob).archived.length).toBe(1);
  });

  it("goes on when one of the two first messages is lost", () => {
    const [alice, bob] = makePair();
    send(alice, bob, "lost");
    const arrives = send(bob, alice, "arrives");
    expect(receive(alice, bob, arrives)).toBe("arrives");
    expect(receive(bob, alice, send(alice, bob, "answer"))).toBe("answer");
    expect(receive(alice, bob, send(bob, alice, "and on"))).toBe("and on");
  });

  it("makes the session current in which a message came, and keeps five others", () => {
    const [alice, bob] = makePair();
    const messages = Array.from({ length: MAX_ARCHIVED_SESSIONS + 2 }, (_, n) => {
      start(alice, bob);
      return send(alice, bob, `session ${n}`);
    });
    expect(sessionsOf(recordOf(alice, bob)).length).toBe(1 + MAX_ARCHIVED_SESSIONS);
    for (const [n, message] of messages.entries()) expect(receive(bob, alice, message)).toBe(`session ${n}`);
    expect(recordOf(bob, alice).archived.length).toBe(MAX_ARCHIVED_SESSIONS);
    const answer = send(bob, alice, "in the last one");
    expect(receive(alice, bob, answer)).toBe("in the last one");
    expect(currentOf(alice, bob)?.baseKey).toEqual(currentOf(bob, alice)?.baseKey);
  });
});

describe("limits", () => {
  it("asks for a new session when the peer has not answered for 7 days", () => {
    const [alice, bob] = makePair();
    const first = send(alice, bob, "hello");
    expect(trySend(alice, bob, "in time", NOW_MS + MAX_UNACKNOWLEDGED_MS).ok).toBe(true);
    expect(trySend(alice, bob, "too late", NOW_MS + MAX_UNACKNOWLEDGED_MS + 1)).toEqual({ ok: false, reason: "needs_new_session" });
    receive(bob, alice, first);
    receive(alice, bob, send(bob, alice, "here I am"));
    expect(trySend(alice, bob, "now", NOW_MS + 10 * MAX_UNACKNOWLEDGED_MS).ok).toBe(true);
  });

  it("needs a new session after all were archived, and still reads what was on the way", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const onTheWay = send(bob, alice, "on the way");
    alice.store.records.set(bob.name, archiveSessions(recordOf(alice, bob)));
    expect(trySend(alice, bob, "x")).toEqual({ ok: false, reason: "needs_new_session" });
    expect(receive(alice, bob, onTheWay)).toBe("on the way");
    expect(receive(bob, alice, send(alice, bob, "again"))).toBe("again");
  });

  it("keeps 2,000 skipped keys in a session and forgets the oldest first", { timeout: 60_000 }, () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const sent = Array.from({ length: 2_010 }, (_, n) => send(bob, alice, `${n}`));
    expect(receive(alice, bob, sent[1_000] as Uint8Array)).toBe("1000");
    expect(receive(alice, bob, sent[2_009] as Uint8Array)).toBe("2009");
    const skipped = receivingOf(alice, bob).flatMap((chain) => chain.skipped);
    expect(skipped.length).toBe(MAX_SKIPPED_KEYS);
    expect(receive(alice, bob, sent[7] as Uint8Array)).toBe("<duplicate>");
    expect(receive(alice, bob, sent[8] as Uint8Array)).toBe("8");
    const record = recordOf(alice, bob);
    expect(decodeSessionRecord(encodeSessionRecord(record))).toEqual(record);
  });

  it("forgets the keys of an older chain first, and none of a newer one", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const sendMany = (count: number) => Array.from({ length: count }, (_, n) => send(bob, alice, `${n}`));
    const older = sendMany(1_501);
    receive(alice, bob, older.at(-1) as Uint8Array);
    receive(bob, alice, send(alice, bob, "turn"));
    const newer = sendMany(1_001);
    receive(alice, bob, newer.at(-1) as Uint8Array);
    expect(receivingOf(alice, bob).map((chain) => chain.skipped.length)).toEqual([1_000, 1_000]);
    expect(receive(alice, bob, older[499] as Uint8Array)).toBe("<duplicate>");
    expect([receive(alice, bob, older[500] as Uint8Array), receive(alice, bob, newer[0] as Uint8Array)]).toEqual(["500", "0"]);
  });

  it("keeps five receiving chains: a message six turns late does not open", () => {
    const [alice, bob] = makePair();
    receive(bob, alice, send(alice, bob, "hello"));
    const late = Array.from({ length: MAX_RECEIVING_CHAINS + 1 }, (_, turn) => {
      const message = send(bob, alice, `late ${turn}`);
      receive(alice, bob, send(bob, alice, "on time"));
      receive(bob, alice, send(alice, bob, "turn"));
      return message;
    });
    expect(receivingOf(alice, bob).length).toBe(MAX_RECEIVING_CHAINS);
    expect(receive(alice, bob, late[0] as Uint8Array)).toBe("<bad_mac>");
    expect(receive(alice, bob, late[1] as Uint8Array)).toBe("late 1");
  });
});
