import { bytesToHex } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import type { UserId } from "../ids";
import {
  type Audience,
  type AudienceKeys,
  applyStatement,
  audienceHash,
  emptyAudience,
  emptyGroupAudience,
  readersOf,
  type StatementEntry,
} from "./audience";
import { decodeStrict, encodeCanonical } from "./cbor";
import { individualChatId } from "./chat-id";
import type { ParsedManifest } from "./manifest";
import { encodeManifestEntry } from "./manifest-entry";
import { mutations } from "./mutate-bytes";
import { accountSecret, fixedBytes, fixedUserId } from "./test-account";
import { createLog, firstManifestOf, type Log, newDeviceOf, newKeyOf, person } from "./test-group";

const [alice, bob, carol] = [fixedUserId("alice"), fixedUserId("bob"), fixedUserId("carol")];
const chatId = individualChatId(alice, bob);
const none = () => null;
const hash = (name: string) => fixedBytes(`manifest ${name}`);

function entry(seq: number, userId: UserId, generation: number, version: number, name = `${generation}.${version}`): StatementEntry {
  return { seq, kind: "manifest", statement: encodeManifestEntry({ v: 1, userId, generation, version, hash: hash(name) }) };
}
function applyAll(entries: StatementEntry[], start = emptyAudience(chatId, [alice, bob])) {
  const faults: [number, string][] = [];
  let audience: Audience = start;
  for (const one of entries) {
    const applied = applyStatement(audience, one, none);
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

  test("can't be told while somebody has no manifest, named and at hand", () => {
    const { audience } = applyAll([entry(1, alice, 1, 1)]);
    const proven = (named: Omit<AudienceKeys, "accountKey">) => ({ ...named, accountKey: fixedBytes("account key") });
    expect(readersOf(audience, proven)).toMatchObject({ readers: [{ userId: alice, version: 1 }], missing: [bob], unreachable: [] });
    expect(readersOf(audience, () => undefined).missing).toEqual([alice, bob].sort());
  });

  test("is not changed by an entry that was applied before", () => {
    const { audience } = applyAll([entry(1, alice, 1, 1), entry(5, bob, 1, 1)]);
    for (const seq of [5, 4])
      expect(applyStatement(audience, entry(seq, alice, 1, 2), none)).toEqual({ ok: false, reason: "seq_not_higher", audience });
  });

  test("leaves the audience before an entry as it was: mail from then is judged by it", () => {
    const before = applyAll([entry(1, alice, 1, 1)]).audience;
    const copy = structuredClone(before);
    applyStatement(before, entry(2, alice, 1, 2), none);
    expect(before).toEqual(copy);
  });

  test("takes broken statements without an exception", () => {
    const start = applyAll([entry(1, alice, 1, 1)]).audience;
    for (const statement of mutations([entry(2, alice, 1, 2).statement], 2_000)) {
      const applied = applyStatement(start, { seq: 2, kind: "manifest", statement }, none);
      if (!applied.ok) expect(applied.audience.members).toBe(start.members);
    }
  });
});

describe("the audience of a group", () => {
  const trio = () => createLog([person("alice", "owner"), person("bob"), person("carol")]);
  /** What a client that holds these manifests knows, one of its own by its place in the log. */
  const readers = (log: Log, manifests: ParsedManifest[]) =>
    readersOf(log.audience(), ({ userId, hash: wanted }) => {
      const found = manifests.find((held) => held.manifest.userId === userId && bytesToHex(held.hash) === bytesToHex(wanted));
      return found && { ...found.manifest, hash: found.hash };
    });
  const all = ["alice", "bob", "carol"].map(firstManifestOf) as [ParsedManifest, ParsedManifest, ParsedManifest];
  const ids = (userIds: UserId[]) => userIds.toSorted();

  test("is its chain's members, each from the entry on that names a manifest after they came in", () => {
    const log = trio();
    expect(log.audience().members).toEqual(log.chain().members.map(({ userId }) => ({ userId, manifest: null })));
    expect(readers(log, all)).toEqual({ readers: [], missing: [], unreachable: ids([alice, bob, carol]) });
    for (const manifest of all) expect(log.name(manifest)).toMatchObject({ ok: true, effects: [], control: null });
    expect(log.audience().seq).toBe(4);
    expect(readers(log, all).readers.map(({ userId }) => userId)).toEqual(ids([alice, bob, carol]));
    expect(log.name(firstManifestOf("dave"))).toMatchObject({ ok: false, reason: "unknown_person" });
    expect(log.audience().seq).toBe(5);
  });

  test("can't be told while a named manifest is not at hand", () => {
    const log = trio();
    for (const manifest of all) log.name(manifest);
    expect(readers(log, all.slice(0, 2))).toMatchObject({ missing: [carol], unreachable: [] });
  });

  test("loses whoever is removed, and lets a person who comes back begin anew", () => {
    const log = trio();
    for (const manifest of all) log.name(manifest);
    const newer = newDeviceOf("carol", all[2]);
    log.name(newer);
    expect(log.name(all[2])).toMatchObject({ ok: false, reason: "not_higher" });
    log.act("alice", { type: "remove", userIds: [carol] });
    expect(log.audience().members.map(({ userId }) => userId)).toEqual(ids([alice, bob]));
    expect(log.name(newer)).toMatchObject({ ok: false, reason: "unknown_person" });
    log.act("alice", { type: "add", members: [person("carol")] });
    expect(log.name(newer).ok).toBe(true);
    expect(readers(log, [...all, newer]).readers).toHaveLength(3);
  });

  test("has nobody under another account key than the chain holds, until the chain holds it", () => {
    const log = trio();
    for (const manifest of all) log.name(manifest);
    const rotated = newKeyOf("bob", all[1], true);
    log.name(rotated);
    const held = [...all, rotated];
    expect(readers(log, held)).toMatchObject({ missing: [], unreachable: [bob] });
    const { accountKey, manifestHash } = person("bob", "member", rotated);
    log.act("bob", { type: "rekey", accountKey, manifestHash }, { accountSecretKey: accountSecret("bob", 2) });
    expect(readers(log, held)).toMatchObject({ missing: [], unreachable: [] });
  });

  test("counts control entries that are refused, and says why", () => {
    const log = trio();
    const { audience } = { audience: log.audience() };
    expect(log.write("control", new Uint8Array(3))).toMatchObject({ ok: false, reason: "malformed" });
    expect(log.audience()).toEqual({ ...audience, seq: audience.seq + 1 });
    expect(log.force("bob", { type: "remove", userIds: [alice] })).toMatchObject({ ok: false, reason: "not_allowed" });
    expect(log.audience().seq).toBe(audience.seq + 2);
  });

  test("is stored as it is, by CBOR too, and goes on from there", () => {
    const log = trio();
    for (const manifest of all) log.name(manifest);
    log.act("alice", { type: "remove", userIds: [carol] });
    const stored = decodeStrict(encodeCanonical(log.audience()));
    expect(stored.ok && stored.value).toEqual(log.audience());
    expect(structuredClone(log.audience())).toEqual(log.audience());
  });

  test("has a frozen hash", () => {
    const log = trio();
    for (const manifest of all) log.name(manifest);
    expect(bytesToHex(audienceHash(log.chatId, readers(log, all).readers))).toMatchInlineSnapshot(
      `"26029ae31d1b5121ac8636cbf982d83d89b414235981e53592c92168ce009a8a"`,
    );
  });

  test("takes broken control entries without an exception, and nothing from them", () => {
    const log = trio();
    const before = emptyGroupAudience(log.chatId);
    const genesis = log.entries[0] as StatementEntry;
    for (const statement of mutations([genesis.statement], 500 * testRuns())) {
      const applied = applyStatement(before, { ...genesis, statement }, none);
      if (!applied.ok) expect(applied.audience).toEqual({ ...before, seq: 1 });
      else expect(statement).toEqual(genesis.statement);
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
