import { bytesToHex } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import type { UserId } from "../ids";
import {
  type Audience,
  type AudienceFault,
  type AudienceKeys,
  applyStatement,
  audienceHash,
  emptyAudience,
  type StatementEntry,
} from "./audience";
import { individualChatId } from "./chat-id";
import { encodeManifestEntry } from "./manifest-entry";
import { mutations } from "./mutate-bytes";
import { fixedBytes, fixedUserId } from "./test-account";

const [alice, bob, carol] = [fixedUserId("alice"), fixedUserId("bob"), fixedUserId("carol")];
const chatId = individualChatId(alice, bob);
const hash = (name: string) => fixedBytes(`manifest ${name}`);

function entry(seq: number, userId: UserId, generation: number, version: number, name = `${generation}.${version}`): StatementEntry {
  return { seq, kind: "manifest", statement: encodeManifestEntry({ v: 1, userId, generation, version, hash: hash(name) }) };
}
function applyAll(entries: StatementEntry[], start = emptyAudience(chatId, [alice, bob])) {
  const faults: [number, AudienceFault][] = [];
  let audience: Audience = start;
  for (const one of entries) {
    const applied = applyStatement(audience, one);
    if (!applied.ok) faults.push([one.seq, applied.reason]);
    audience = applied.audience;
  }
  return { audience, faults };
}
const manifestOf = (audience: Audience, userId: UserId) => audience.members.find((member) => member.userId === userId)?.manifest;

describe("the audience of an individual chat", () => {
  test("has the members of its id, and nobody else can be put in", () => {
    const members = emptyAudience(chatId, [bob, alice]).members.map(({ userId }) => userId);
    expect(members).toEqual([alice, bob].sort());
    expect(emptyAudience(individualChatId(alice, alice), [alice, alice]).members).toEqual([{ userId: alice, manifest: null }]);
    expect(() => emptyAudience(chatId, [alice, carol])).toThrow(RangeError);
    expect(() => emptyAudience(chatId, [alice])).toThrow(RangeError);
  });

  test("follows each member's manifests from the entry that names them", () => {
    const { audience, faults } = applyAll([entry(1, alice, 1, 1), entry(2, bob, 1, 4), entry(9, alice, 1, 2), entry(12, alice, 2, 3)]);
    expect(faults).toEqual([]);
    expect(audience.seq).toBe(12);
    expect(manifestOf(audience, alice)).toEqual({ generation: 2, version: 3, hash: hash("2.3"), seq: 12 });
    expect(manifestOf(audience, bob)).toEqual({ generation: 1, version: 4, hash: hash("1.4"), seq: 2 });
  });

  test("lets a later generation outrank a higher version", () => {
    const { audience, faults } = applyAll([entry(1, alice, 1, 9), entry(2, alice, 2, 4), entry(3, alice, 1, 10)]);
    expect(faults).toEqual([[3, "not_higher"]]);
    expect(manifestOf(audience, alice)).toMatchObject({ generation: 2, version: 4 });
  });

  test("ignores faults, says why, and moves on behind them", () => {
    const { audience, faults } = applyAll([
      entry(1, alice, 1, 2),
      entry(2, alice, 1, 2),
      entry(3, alice, 1, 1),
      entry(4, alice, 1, 2, "another"),
      entry(5, carol, 1, 1),
      { seq: 6, kind: "manifest", statement: new Uint8Array(3) },
      { seq: 7, kind: "control", statement: new Uint8Array(3) },
    ]);
    expect(faults).toEqual([
      [2, "not_higher"],
      [3, "not_higher"],
      [4, "conflict"],
      [5, "unknown_person"],
      [6, "malformed"],
      [7, "control_in_individual_chat"],
    ]);
    expect(audience.seq).toBe(7);
    expect(manifestOf(audience, alice)).toEqual({ generation: 1, version: 2, hash: hash("1.2"), seq: 1 });
    expect(manifestOf(audience, bob)).toBeNull();
  });

  test("is not changed by an entry that was applied before", () => {
    const { audience } = applyAll([entry(1, alice, 1, 1), entry(5, bob, 1, 1)]);
    for (const seq of [5, 4])
      expect(applyStatement(audience, entry(seq, alice, 1, 2))).toEqual({ ok: false, reason: "seq_not_higher", audience });
  });

  test("leaves the audience before an entry as it was: mail from then is judged by it", () => {
    const before = applyAll([entry(1, alice, 1, 1)]).audience;
    const copy = structuredClone(before);
    applyStatement(before, entry(2, alice, 1, 2));
    expect(before).toEqual(copy);
  });

  test("takes broken statements without an exception", () => {
    const start = applyAll([entry(1, alice, 1, 1)]).audience;
    for (const statement of mutations([entry(2, alice, 1, 2).statement], 2_000)) {
      const applied = applyStatement(start, { seq: 2, kind: "manifest", statement });
      if (!applied.ok) expect(applied.audience.members).toBe(start.members);
    }
  });
});

describe("the audience hash", () => {
  const keys = (userId: UserId, name: string): AudienceKeys => ({
    userId,
    accountKey: fixedBytes(`${name}'s account key`),
    generation: 1,
    version: 2,
    hash: hash(name),
  });
  const members = [keys(alice, "alice"), keys(bob, "bob")];

  test("is frozen", () => {
    expect({
      two: bytesToHex(audienceHash(chatId, members)),
      one: bytesToHex(audienceHash(individualChatId(alice, alice), members.slice(0, 1))),
    }).toMatchInlineSnapshot(`
      {
        "one": "eb062834dea7de3d9954e799d8cd3199d30913a60634a166e0153fe9182f56ad",
        "two": "cc87eebb4af5892a739130965e564407e1de92c07eb380b90bd970650393888e",
      }
    `);
  });

  test("does not depend on the order of members, and does on everything else", () => {
    const usual = bytesToHex(audienceHash(chatId, members));
    expect(bytesToHex(audienceHash(chatId, members.toReversed()))).toBe(usual);
    const [first] = members as [AudienceKeys];
    const others = [
      audienceHash(individualChatId(alice, carol), members),
      audienceHash(chatId, members.slice(1)),
      ...[{ accountKey: fixedBytes("x") }, { generation: 2 }, { version: 3 }, { hash: fixedBytes("x") }, { userId: carol }].map((change) =>
        audienceHash(chatId, [{ ...first, ...change }, ...members.slice(1)]),
      ),
    ].map(bytesToHex);
    expect(new Set([usual, ...others]).size).toBe(others.length + 1);
  });
});
