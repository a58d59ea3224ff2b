/** Group messages among members that got each other's sender keys. */
import { describe, expect, it } from "vitest";
import { NOW_MS } from "../testing/device";
import { createGroupMember, type GroupMember } from "../testing/group-member";
import { whisperGroup } from "../testing/whisper-group";
import { createSenderKey, distribute, dropExpiredKeys, dropOwnSenderKeys, forgetStepsBefore, groupEncrypt } from "./own";
import {
  isRotationDue,
  MAX_SENDER_KEY_AGE_MS,
  MAX_SENDER_KEY_MESSAGES,
  MAX_SENDER_KEYS,
  MAX_STEP,
  MAX_STEP_KEPT_MS,
  type OwnSenderKeys,
} from "./state";

const DAY_MS = 86_400_000;

/** Alice has a key, and bob and carol got it before her first message. */
function makeGroup() {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => createGroupMember({ name })) as [
    GroupMember,
    GroupMember,
    GroupMember,
  ];
  alice.rotate();
  for (const member of [bob, carol]) expect(member.take(alice, alice.distribution())).toBe("ok");
  return { alice, bob, carol };
}

const sendMany = (from: GroupMember, count: number) => Array.from({ length: count }, (_, n) => from.send(`${n}`));
const keyIdOf = (member: GroupMember) => member.own().current?.keyId as number;

describe("messages to all", () => {
  it("open for everyone who holds the key, in any order, once", () => {
    const { alice, bob, carol } = makeGroup();
    const sent = sendMany(alice, 5);
    for (const n of [0, 1, 2, 3, 4]) expect(bob.read(alice, sent[n] as Uint8Array)).toBe(`${n}`);
    for (const n of [4, 1, 0, 3, 2]) expect(carol.read(alice, sent[n] as Uint8Array)).toBe(`${n}`);
    for (const member of [bob, carol]) for (const message of sent) expect(member.read(alice, message)).toBe("<duplicate>");
  });

  it("can't be read before the key has come, and can after", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    const [early, distribution] = [alice.distribution(), alice.send("hello")];
    expect(dave.read(alice, distribution)).toBe("<unknown_key>");
    expect(dave.take(alice, early)).toBe("ok");
    expect(dave.read(alice, distribution)).toBe("hello");
  });

  it("from before a newcomer got the key stay closed to them", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    const before = alice.send("before");
    dave.take(alice, alice.distribution());
    expect(dave.read(alice, before)).toBe("<step_not_held>");
    expect(dave.read(alice, alice.send("after"))).toBe("after");
    expect(dave.read(alice, before)).toBe("<step_not_held>");
  });

  it("show the same bytes to nobody twice: the same text has another ciphertext and signature each time", () => {
    const { alice } = makeGroup();
    const [first, second] = [alice.send("same"), alice.send("same")].map((message) => Buffer.from(message).toString("hex"));
    expect(first?.slice(20, 60)).not.toBe(second?.slice(20, 60));
  });
});

describe("a new key", () => {
  it("shuts out who does not get it, and leaves late messages of the old one readable", () => {
    const { alice, bob, carol } = makeGroup();
    const late = alice.send("late");
    alice.rotate();
    bob.take(alice, alice.distribution());
    const secret = alice.send("without carol");
    expect(carol.read(alice, secret)).toBe("<unknown_key>");
    expect([bob.read(alice, secret), bob.read(alice, late)]).toEqual(["without carol", "late"]);
  });

  it("is due when there is none, after 7 days, or after 1,000 messages", () => {
    const { alice } = makeGroup();
    expect([isRotationDue(null, NOW_MS), isRotationDue(dropOwnSenderKeys(alice.own()), NOW_MS)]).toEqual([true, true]);
    expect(isRotationDue(alice.own(), NOW_MS + MAX_SENDER_KEY_AGE_MS - 1)).toBe(false);
    expect(isRotationDue(alice.own(), NOW_MS + MAX_SENDER_KEY_AGE_MS)).toBe(true);
    expect(isRotationDue(alice.own(), NOW_MS - 1_000)).toBe(false);
    expect(isRotationDue(alice.own(), NOW_MS - MAX_SENDER_KEY_AGE_MS)).toBe(true);
    expect(isRotationDue(alice.skip(MAX_SENDER_KEY_MESSAGES - 1), NOW_MS)).toBe(false);
    alice.send("the thousandth");
    expect(isRotationDue(alice.own(), NOW_MS)).toBe(true);
  });

  it("has an id that was never used: it follows the clock and never goes back, not even when the store does", () => {
    const { alice } = makeGroup();
    expect(keyIdOf(alice)).toBe(NOW_MS / 1_000);
    alice.send("hello");
    const backup = alice.rotate();
    expect(backup.retired.length).toBe(1);
    const ids = [keyIdOf(alice), ...[0, 0, -DAY_MS, 5_000].map((passedMs) => alice.rotate(NOW_MS + passedMs).current?.keyId as number)];
    expect(ids).toEqual([...new Set(ids)].sort());
    const restored = alice.storeOwn(dropOwnSenderKeys(backup));
    expect([restored.current, restored.retired]).toEqual([null, []]);
    alice.rotate(NOW_MS + DAY_MS);
    expect(keyIdOf(alice)).toBeGreaterThan(ids.at(-1) as number);
  });

  it("can be made as long as there are ids, whatever the clock says", () => {
    const made = createSenderKey({ keys: null, nowMs: Number.MAX_SAFE_INTEGER });
    expect(made.lastKeyId).toBeLessThan(MAX_STEP);
    expect(createSenderKey({ keys: { ...made, lastKeyId: MAX_STEP - 1 }, nowMs: NOW_MS }).lastKeyId).toBe(MAX_STEP);
    expect(() => createSenderKey({ keys: { ...made, lastKeyId: MAX_STEP }, nowMs: NOW_MS })).toThrow(RangeError);
    expect(createSenderKey({ keys: null, nowMs: 0 }).lastKeyId).toBe(0);
  });

  it("keeps nothing of the old one that could sign or go on", () => {
    const { alice } = makeGroup();
    alice.send("hello");
    const old = alice.own().current;
    if (old === null) throw new Error("no key");
    const [retired] = alice.rotate().retired;
    expect(retired).toEqual({ keyId: old.keyId, signingKey: old.signing.publicKey, earliest: old.earliest, end: 1, createdAtMs: NOW_MS });
  });

  it("stands beside four old ones; the sixth pushes out the oldest, here and at the receivers, for good", () => {
    const { alice, bob } = makeGroup();
    const keys = Array.from({ length: MAX_SENDER_KEYS + 1 }, (_, n) => {
      if (n > 0) alice.rotate();
      const distribution = alice.distribution();
      expect(bob.take(alice, distribution)).toBe("ok");
      return { keyId: keyIdOf(alice), distribution, opened: alice.send(`opened ${n}`), late: alice.send(`late ${n}`) };
    });
    const [oldest, second] = keys as [(typeof keys)[number], (typeof keys)[number]];
    expect(alice.own().retired.map(({ keyId }) => keyId)).toEqual(
      keys
        .slice(1, -1)
        .map(({ keyId }) => keyId)
        .reverse(),
    );
    expect([bob.read(alice, second.opened), bob.read(alice, oldest.late)]).toEqual(["opened 1", "<forgotten_key>"]);
    expect(bob.take(alice, oldest.distribution)).toBe("<forgotten_key>");
    for (const [n, { late }] of keys.slice(1).entries()) expect(bob.read(alice, late)).toBe(`late ${n + 1}`);
  });

  it("that comes late takes the place of its age, or none beside five newer ones", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    const keys = Array.from({ length: MAX_SENDER_KEYS + 1 }, (_, n) => {
      if (n > 0) alice.rotate();
      return { distribution: alice.distribution(), message: alice.send(`${n}`) };
    });
    const [oldest, ...newer] = keys as [(typeof keys)[number], ...typeof keys];
    for (const { distribution } of newer.toReversed()) expect(dave.take(alice, distribution)).toBe("ok");
    expect(dave.take(alice, oldest.distribution)).toBe("<forgotten_key>");
    expect(dave.read(alice, oldest.message)).toBe("<forgotten_key>");
    for (const [n, { message }] of newer.entries()) expect(dave.read(alice, message)).toBe(`${n + 1}`);
  });
});

describe("the repair of a lost key", () => {
  it("hands out an earlier step, which opens what was missing and nothing twice", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    const sent = sendMany(alice, 8);
    const keyId = keyIdOf(alice);
    dave.take(alice, alice.distribution({ keyId, iteration: 5 }));
    expect([6, 5].map((n) => dave.read(alice, sent[n] as Uint8Array))).toEqual(["6", "5"]);
    expect(dave.read(alice, sent[2] as Uint8Array)).toBe("<step_not_held>");
    expect(dave.take(alice, alice.distribution({ keyId, iteration: 2 }))).toBe("ok");
    expect(sent.map((message) => dave.read(alice, message))).toEqual([
      "<step_not_held>",
      "<step_not_held>",
      "2",
      "3",
      "4",
      "<duplicate>",
      "<duplicate>",
      "7",
    ]);
    for (const iteration of [2, 5, 8, 0]) expect(dave.take(alice, alice.distribution({ keyId, iteration }))).toBe("ok");
    expect(sent.map((message) => dave.read(alice, message))).toEqual(["0", "1", ...new Array<string>(6).fill("<duplicate>")]);
    expect(dave.read(alice, alice.send("8"))).toBe("8");
  });

  it("works for a retired key up to its last message, and not behind it", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    const sent = sendMany(alice, 3);
    const keyId = keyIdOf(alice);
    alice.rotate();
    const from = (iteration: number) => distribute({ context: alice.context, keys: alice.own(), from: { keyId, iteration } });
    expect([from(3), from(4)]).toEqual([null, null]);
    expect(dave.take(alice, from(2) as Uint8Array)).toBe("ok");
    expect(dave.take(alice, from(1) as Uint8Array)).toBe("ok");
    expect(sent.map((message) => dave.read(alice, message))).toEqual(["<step_not_held>", "1", "2"]);
  });

  it("is not possible with steps that were forgotten, keys that are not here, or steps to come", () => {
    const { alice } = makeGroup();
    sendMany(alice, 4);
    const keyId = keyIdOf(alice);
    const from = (iteration: number, id = keyId) =>
      distribute({ context: alice.context, keys: alice.own(), from: { keyId: id, iteration } });
    const present = alice.distribution();
    alice.storeOwn(forgetStepsBefore(alice.own(), keyId, 2));
    expect([from(0), from(1), from(5), from(2, keyId + 1)]).toEqual([null, null, null, null]);
    expect([from(2), from(3)]).not.toContain(null);
    alice.storeOwn(forgetStepsBefore(alice.own(), keyId, 1));
    expect([from(1), from(2) === null]).toEqual([null, false]);
    alice.storeOwn(forgetStepsBefore(alice.own(), keyId, MAX_STEP));
    expect(from(3)).toBeNull();
    expect(from(4)).toEqual(present);
    expect(alice.distribution()).toEqual(present);
  });

  it("forgets a retired key with its last step, and one that never had a message at once", () => {
    const { alice } = makeGroup();
    sendMany(alice, 2);
    const used = keyIdOf(alice);
    alice.rotate();
    const unused = keyIdOf(alice);
    alice.rotate();
    const retired = (keys: OwnSenderKeys) => keys.retired.map(({ keyId, earliest }) => [keyId, earliest.iteration]);
    expect(retired(alice.own())).toEqual([[used, 0]]);
    expect(retired(forgetStepsBefore(alice.own(), unused, 5))).toEqual([[used, 0]]);
    expect(retired(forgetStepsBefore(alice.own(), used, 1))).toEqual([[used, 1]]);
    expect(retired(forgetStepsBefore(alice.own(), used, 2))).toEqual([]);
    alice.send("in the current key");
    expect(forgetStepsBefore(alice.own(), used, 1).current).toEqual(alice.own().current);
    expect(forgetStepsBefore({ ...alice.own(), current: null }, used, 1).current).toBeNull();
  });

  it("ends 38 days after a key was made", () => {
    const { alice } = makeGroup();
    alice.send("hello");
    alice.rotate(NOW_MS + DAY_MS);
    const countsAfter = (ms: number) => {
      const { current, retired, lastKeyId } = dropExpiredKeys(alice.own(), NOW_MS + ms);
      return [current === null ? 0 : 1, retired.length, lastKeyId - alice.own().lastKeyId];
    };
    expect(countsAfter(MAX_STEP_KEPT_MS)).toEqual([1, 1, 0]);
    expect(countsAfter(MAX_STEP_KEPT_MS + 1)).toEqual([1, 0, 0]);
    expect(countsAfter(MAX_STEP_KEPT_MS + DAY_MS + 1)).toEqual([0, 0, 0]);
    expect(alice.rotate(NOW_MS + MAX_STEP_KEPT_MS + DAY_MS + 1).retired).toEqual([]);
  });
});

describe("without a usable key", () => {
  it("nothing is encrypted: none yet, dropped, every step used, or made for another format", () => {
    const { alice } = makeGroup();
    const { context } = alice;
    const reasonOf = (keys: OwnSenderKeys | null, suite?: typeof whisperGroup) => {
      const encrypted = groupEncrypt({ suite, context, keys, plaintext: new Uint8Array(1) });
      return encrypted.ok ? "ok" : encrypted.reason;
    };
    const keys = alice.own();
    const at = (iteration: number): OwnSenderKeys => ({
      ...keys,
      current: keys.current && { ...keys.current, next: { ...keys.current.next, iteration } },
    });
    expect([reasonOf(keys), reasonOf(at(MAX_STEP))]).toEqual(["ok", "ok"]);
    expect([reasonOf(null), reasonOf(dropOwnSenderKeys(keys)), reasonOf(at(MAX_STEP + 1)), reasonOf(keys, whisperGroup)]).toEqual(
      new Array<string>(4).fill("needs_new_key"),
    );
  });

  it("nothing is handed out", () => {
    const { alice } = makeGroup();
    const { context } = alice;
    const keys = alice.own();
    expect(distribute({ context, keys: dropOwnSenderKeys(keys) })).toBeNull();
    expect(distribute({ suite: whisperGroup, context, keys })).toBeNull();
    const spent = keys.current && { ...keys.current, next: { ...keys.current.next, iteration: MAX_STEP + 1 } };
    expect(distribute({ context, keys: { ...keys, current: spent } })).toBeNull();
    expect(createSenderKey({ suite: whisperGroup, keys: { ...keys, current: spent }, nowMs: NOW_MS }).retired).toEqual([]);
  });
});
