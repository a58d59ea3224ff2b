import { readFile } from "node:fs/promises";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { decode } from "cborg";
import { describe, expect, test } from "vitest";
import { ed25519PublicKey, signEd25519, signingInput } from "../signatures";
import { decodeStrict, encodeCanonical } from "./cbor";
import { type Control, controlSigningInput, joinSigningInput, type LaterAction, parseControl } from "./control";
import { type ControlFault, emptyChain, headOf, judgeControl, type RekeyEvidence } from "./group-chain";
import { groupDetailHash } from "./group-settings";
import { inviteSecretKey } from "./join-link";
import { MANIFEST_LABEL } from "./manifest";
import { accountSecret, fixedBytes, fixedUserId } from "./test-account";
import { createLog, firstManifestOf, INVITE_KEY, joinOf, type Log, newKeyOf, OPEN, person, rolesOf, SEED, signAs } from "./test-group";

const NOTHING: RekeyEvidence = { namedManifestOf: () => null, manifestOf: () => null };
const TRIO = ["alice", "bob", "carol"];
const trio = (settings = OPEN) => createLog([person("alice", "owner"), person("bob", "admin"), person("carol")], settings);
const invite = { inviteSecretKey: inviteSecretKey(SEED) };
const LEAVE: LaterAction = { type: "leave", deletesAccount: false };
const rename = (name: string): LaterAction => ({ type: "change-settings", changes: { nameHash: fixedBytes(name) } });
const removal = (name: string): LaterAction => ({ type: "remove", userIds: [fixedUserId(name)] });

/** The faults that statements have at the end of a log's chain, none of which may change it. */
function faultsOf(log: Log, statements: Uint8Array[]): (ControlFault | string)[] {
  return statements.map((statement) => {
    const judged = judgeControl(log.chain(), statement, NOTHING);
    return judged.verdict === "fault" ? judged.reason : judged.verdict;
  });
}
function withSignature(statement: Uint8Array, fields: { signature?: Uint8Array; inviteSignature?: Uint8Array }): Uint8Array {
  const decoded = decodeStrict(statement);
  if (!decoded.ok) throw new Error(decoded.reason);
  return encodeCanonical({ ...(decoded.value as Record<string, Uint8Array>), ...fields });
}
function parsed(statement: Uint8Array) {
  const control = parseControl(statement);
  if (!control.ok) throw new Error(control.reason);
  return control;
}

type Vector = { accountSecretKeys: { alice: string }; chatId: string; statements: string[]; hashes: string[] };

describe("a group's chain", () => {
  test("is frozen: ten entries, their hashes and the state they make", async () => {
    const log = createLog([person("alice", "owner"), person("bob")]);
    const rotated = newKeyOf("carol", firstManifestOf("carol"), true);
    const name = groupDetailHash("name", fixedBytes("salt").subarray(0, 16), new TextEncoder().encode("Friends"));
    log.act("alice", { type: "add", members: [person("carol")] });
    log.act("alice", { type: "change-role", userId: fixedUserId("bob"), role: "admin" });
    log.act("carol", { type: "change-settings", changes: { nameHash: name } });
    log.act("bob", { type: "change-settings", changes: { inviteKey: INVITE_KEY, posting: "admins", expiresAfterS: 3_600 } });
    log.act("dave", joinOf("dave"), invite);
    log.name(firstManifestOf("carol"));
    log.name(rotated);
    const { accountKey, manifestHash } = person("carol", "member", rotated);
    log.act("carol", { type: "rekey", accountKey, manifestHash }, { accountSecretKey: accountSecret("carol", 2) });
    log.act("bob", removal("dave"));
    log.act("alice", { type: "leave", deletesAccount: true });
    log.force(
      "carol",
      { type: "change-role", userId: fixedUserId("bob"), role: "member" },
      { accountSecretKey: accountSecret("carol", 2) },
    );
    const controls = log.entries.filter(({ kind }) => kind === "control").map(({ statement }) => statement);
    expect(log.chain().count).toBe(10);
    expect(rolesOf(log, [...TRIO, "dave"])).toEqual({ bob: "owner", carol: "member" });
    const vector = {
      accountSecretKeys: Object.fromEntries([...TRIO, "dave"].map((name) => [name, bytesToHex(accountSecret(name))])),
      carolsNextSecretKey: bytesToHex(accountSecret("carol", 2)),
      inviteSeed: bytesToHex(SEED),
      chatId: log.chatId,
      statements: controls.map((statement) => bytesToHex(statement)),
      hashes: log.chain().recentHeads.map((hash) => bytesToHex(hash)),
      chain: bytesToHex(encodeCanonical(log.chain())),
    };
    await expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot("vectors/group-chain.json");
  });

  test("names, signs and links its entries as the vector says, put together a second time", async () => {
    const text = await readFile(new URL("vectors/group-chain.json", import.meta.url), "utf8");
    const { accountSecretKeys, chatId, statements, hashes } = JSON.parse(text) as Vector;
    const labelled = (label: string, ...parts: Uint8Array[]) => concatBytes(utf8ToBytes(label), Uint8Array.of(0), ...parts);
    const entries = statements.map((statement) => decode(hexToBytes(statement)) as Record<string, Uint8Array>);
    const controls = entries.map(
      ({ control }) => decode(control as Uint8Array) as { previousHash: Uint8Array; action: { random: Uint8Array } },
    );
    const named = entries.map(({ control }) => bytesToHex(sha256(labelled("parley control hash v1", control as Uint8Array))));
    expect(named).toEqual(hashes);
    expect(controls.map(({ previousHash }) => previousHash && bytesToHex(previousHash))).toEqual([null, ...named.slice(0, -1)]);
    const alice = ed25519.getPublicKey(hexToBytes(accountSecretKeys.alice));
    const [first] = entries as [Record<string, Uint8Array>];
    expect(ed25519.verify(first.signature as Uint8Array, labelled("parley control v1", first.control as Uint8Array), alice)).toBe(true);
    const id = sha256(labelled("parley group chat v1", alice, controls[0]?.action.random as Uint8Array)).subarray(0, 16);
    expect(bytesToHex(id)).toBe(chatId.replaceAll("-", ""));
  });

  test("begins with its creator's entry, whose key and random bytes the id proves", () => {
    const log = trio();
    const genesis = log.entries[0]?.statement as Uint8Array;
    expect(log.chain()).toMatchObject({ count: 1, membershipIndex: 1, chatId: log.chatId });
    expect(headOf(log.chain())).toEqual(parsed(genesis).hash);
    const other = createLog([person("bob", "owner")], OPEN, "bob");
    const wrongChat = judgeControl(emptyChain(other.chatId), genesis, NOTHING);
    expect(wrongChat).toEqual({ verdict: "fault", reason: "wrong_chat" });
    const { control } = parsed(genesis);
    const foreign = signAs("alice", control.action, { chatId: other.chatId, index: 1, previousHash: null });
    expect(judgeControl(emptyChain(other.chatId), foreign, NOTHING)).toEqual({ verdict: "fault", reason: "wrong_chat" });
    const unsigned = signAs(
      "alice",
      control.action,
      { chatId: log.chatId, index: 1, previousHash: null },
      { accountSecretKey: accountSecret("bob") },
    );
    expect(judgeControl(emptyChain(log.chatId), unsigned, NOTHING)).toEqual({ verdict: "fault", reason: "bad_signature" });
  });

  test("takes an entry only on its head: not again, not in another place, not from another group", () => {
    const log = trio();
    const { chatId, index, previousHash } = log.place();
    const genesis = log.entries[0]?.statement as Uint8Array;
    const first = signAs("carol", rename("one"), log.place());
    const elsewhere = [
      signAs("carol", rename("two"), { chatId, index: index + 1, previousHash }),
      signAs("carol", rename("two"), { chatId, index, previousHash: fixedBytes("another head") }),
      genesis,
    ];
    expect(faultsOf(log, elsewhere)).toEqual(["wrong_link", "wrong_link", "wrong_link"]);
    const otherChat = createLog([person("carol", "owner")], OPEN, "carol").chatId;
    expect(faultsOf(log, [signAs("carol", rename("two"), { chatId: otherChat, index, previousHash })])).toEqual(["wrong_chat"]);
    expect(log.write("control", first).ok).toBe(true);
    expect(faultsOf(log, [first, ...elsewhere])).toEqual(["wrong_link", "wrong_link", "wrong_link", "wrong_link"]);
  });

  test("takes nothing that its actor's account key did not sign", () => {
    const log = trio();
    const statement = signAs("carol", LEAVE, log.place());
    const { bytes, signature } = parsed(statement);
    const secret = accountSecret("carol");
    const changed = signature.slice();
    changed[63] = (changed[63] as number) ^ 0x20;
    const others = [
      signEd25519(accountSecret("bob"), controlSigningInput(bytes)),
      signEd25519(secret, bytes),
      parsed(signAs("carol", rename("x"), log.place())).signature,
      changed,
      new Uint8Array(64),
    ];
    for (const other of others) expect(faultsOf(log, [withSignature(statement, { signature: other })])).toEqual(["bad_signature"]);
    expect(faultsOf(log, [statement])).toEqual(["applied"]);
  });

  test("manifest_signature_as_control_entry: a signature under a manifest's label is none", () => {
    const log = trio();
    const statement = signAs("carol", LEAVE, log.place());
    const signature = signEd25519(accountSecret("carol"), signingInput(MANIFEST_LABEL, parsed(statement).bytes));
    expect(faultsOf(log, [withSignature(statement, { signature })])).toEqual(["bad_signature"]);
  });

  test("torsion_R_same_verdict: a signature that only verifiers with a cofactor accept is refused", () => {
    const log = trio();
    const statement = signAs("carol", LEAVE, log.place());
    const message = controlSigningInput(parsed(statement).bytes);
    const { Fn, BASE } = { Fn: ed25519.Point.Fn, BASE: ed25519.Point.BASE };
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(accountSecret("carol"));
    const torsion = ed25519.Point.fromBytes(hexToBytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"));
    const R = BASE.multiply(123_456_789n).add(torsion).toBytes();
    const k = Fn.create(BigInt(`0x${bytesToHex(sha512(concatBytes(R, pointBytes, message)).toReversed())}`));
    const signature = concatBytes(R, Fn.toBytes(Fn.create(123_456_789n + k * scalar)));
    expect(ed25519.verify(signature, message, pointBytes, { zip215: true })).toBe(true);
    expect(faultsOf(log, [withSignature(statement, { signature })])).toEqual(["bad_signature"]);
  });

  test("knows no actor who is no member, or is none any more", () => {
    const log = trio();
    expect(faultsOf(log, [signAs("mallory", LEAVE, log.place())])).toEqual(["unknown_actor"]);
    log.act("alice", removal("bob"));
    const { accountKey, manifestHash } = person("bob");
    expect(
      faultsOf(log, [signAs("bob", rename("x"), log.place()), signAs("bob", { type: "rekey", accountKey, manifestHash }, log.place())]),
    ).toEqual(["unknown_actor", "unknown_actor"]);
  });

  test("disallowed_entry_no_effect: what the roles don't allow is linked and does nothing", () => {
    const log = trio();
    const before = log.chain();
    const applied = log.force("carol", removal("alice"));
    expect(applied).toMatchObject({ ok: false, reason: "not_allowed" });
    const { count, recentHeads, ...rest } = log.chain();
    expect(count).toBe(2);
    expect(recentHeads).toHaveLength(2);
    expect({ ...before, count, recentHeads }).toEqual({ ...rest, count, recentHeads });
    expect(log.act("alice", removal("carol")).ok).toBe(true);
    expect(rolesOf(log, TRIO)).toEqual({ alice: "owner", bob: "admin" });
  });

  test("crossing_removals: of two owners who remove one another the one whose entry comes first stays", () => {
    const log = createLog([person("alice", "owner"), person("bob", "owner"), person("carol")]);
    const [byAlice, byBob] = [signAs("alice", removal("bob"), log.place()), signAs("bob", removal("alice"), log.place())];
    expect(log.write("control", byBob).ok).toBe(true);
    expect(log.write("control", byAlice)).toMatchObject({ ok: false, reason: "wrong_link" });
    expect(rolesOf(log, TRIO)).toEqual({ bob: "owner", carol: "member" });
    expect(faultsOf(log, [signAs("alice", removal("bob"), log.place())])).toEqual(["unknown_actor"]);
  });

  test("an owner promoted while leaving: one order, and a clear answer to the later one", () => {
    const log = trio();
    const [leaving, promoting] = [
      signAs("bob", LEAVE, log.place()),
      signAs("alice", { type: "change-role", userId: fixedUserId("bob"), role: "owner" }, log.place()),
    ];
    expect(log.write("control", leaving).ok).toBe(true);
    expect(log.write("control", promoting)).toMatchObject({ ok: false, reason: "wrong_link" });
    expect(log.force("alice", { type: "change-role", userId: fixedUserId("bob"), role: "owner" })).toMatchObject({
      ok: false,
      reason: "not_a_member",
    });
  });

  test("an author can't build what would not be taken", () => {
    const log = trio();
    const hopeless: [string, LaterAction, Parameters<Log["act"]>[2]?][] = [
      ["carol", removal("alice")],
      ["alice", LEAVE],
      ["mallory", LEAVE],
      ["alice", rename("x"), { accountSecretKey: accountSecret("bob") }],
      ["dave", joinOf("dave"), invite],
    ];
    for (const [name, action, keys] of hopeless) expect(() => log.act(name, action, keys)).toThrow(RangeError);
    expect(() => createLog([person("bob", "owner")], OPEN, "alice")).toThrow(RangeError);
    expect(() => createLog([person("alice", "admin")], OPEN, "alice")).toThrow(RangeError);
  });
});

describe("joining by link", () => {
  const open = () => trio({ ...OPEN, inviteKey: INVITE_KEY });

  test("needs the joiner's account key and the group's invite key", () => {
    const log = open();
    expect(log.act("dave", joinOf("dave"), invite)).toMatchObject({ ok: true, effects: [{ type: "entered", by: "join" }] });
    expect(rolesOf(log, ["dave"])).toEqual({ dave: "member" });
  });

  test("join_without_invite_key: with another seed, another person's, an earlier or no invite's signature nobody comes in", () => {
    const log = open();
    const join = signAs("dave", joinOf("dave"), log.place(), invite);
    const { control } = parsed(join);
    const bySeed = (seed: Uint8Array, other: Control = control) => signEd25519(inviteSecretKey(seed), joinSigningInput(other));
    const wrong = [
      bySeed(fixedBytes("another seed")),
      bySeed(SEED, { ...control, actorUserId: fixedUserId("erin") }),
      bySeed(SEED, { ...control, previousHash: fixedBytes("an earlier head") }),
      bySeed(SEED, { ...control, action: joinOf("erin") }),
      bySeed(SEED, { ...control, chatId: control.actorUserId as unknown as Control["chatId"] }),
      signEd25519(accountSecret("dave"), joinSigningInput(control)),
      new Uint8Array(64),
    ];
    for (const inviteSignature of wrong)
      expect(faultsOf(log, [withSignature(join, { inviteSignature })])).toEqual(["bad_invite_signature"]);
    const notByAccount = signAs("dave", joinOf("dave"), log.place(), { ...invite, accountSecretKey: accountSecret("erin") });
    expect(faultsOf(log, [notByAccount, join])).toEqual(["bad_signature", "applied"]);
  });

  test("a new invite key revokes the old link, and a closed link lets nobody in", () => {
    const log = open();
    const seed = fixedBytes("new seed");
    log.act("bob", { type: "change-settings", changes: { inviteKey: ed25519PublicKey(inviteSecretKey(seed)) } });
    expect(faultsOf(log, [signAs("dave", joinOf("dave"), log.place(), invite)])).toEqual(["bad_invite_signature"]);
    expect(faultsOf(log, [signAs("dave", joinOf("dave"), log.place(), { inviteSecretKey: inviteSecretKey(seed) })])).toEqual(["applied"]);
    log.act("bob", { type: "change-settings", changes: { inviteKey: null } });
    expect(faultsOf(log, [signAs("dave", joinOf("dave"), log.place(), { inviteSecretKey: inviteSecretKey(seed) })])).toEqual([
      "bad_invite_signature",
    ]);
  });

  test("with approval on it waits for somebody's `add`", () => {
    const log = trio({ ...OPEN, inviteKey: INVITE_KEY, approval: true });
    expect(log.force("dave", joinOf("dave"), invite)).toMatchObject({ ok: false, reason: "approval_needed" });
    expect(rolesOf(log, ["dave"])).toEqual({});
    expect(log.act("bob", { type: "add", members: [person("dave")] }).ok).toBe(true);
  });

  test("doesn't come over a member under another key", () => {
    const log = open();
    const other = { ...joinOf("mallory") };
    const taken = log.force("carol", other, { ...invite, accountSecretKey: accountSecret("mallory") });
    expect(taken).toMatchObject({ ok: false, reason: "already_member" });
    expect(log.chain().members).toContainEqual(expect.objectContaining(person("carol")));
  });
});
