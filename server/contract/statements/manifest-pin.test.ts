import { describe, expect, test } from "vitest";
import { ed25519PublicKey, signEd25519, signingInput } from "../signatures";
import { MANIFEST_RECOVERY_LABEL, type Manifest, type ParsedManifest } from "./manifest";
import { judgeManifest, type ManifestPin, nextManifest, pinOf } from "./manifest-pin";
import { accepted, accountSecret, device, firstOf, fixedUserId, forge, publish, recoverySecret, START_MS } from "./test-account";

type Changes = Partial<Pick<Manifest, "accountKey" | "recoveryPublicKey" | "devices">>;

const one = publish("alice", firstOf("alice"));
const following = (parsed: ParsedManifest, changes: Changes = {}, recoverySecretKey?: Uint8Array) =>
  publish("alice", nextManifest(pinOf(parsed), { issuedAtMs: START_MS + parsed.manifest.version, ...changes }), recoverySecretKey);
const judge = (pinned: ParsedManifest, next: ParsedManifest) => judgeManifest(pinOf(pinned), next);
const refused = (reason: string) => ({ verdict: "refused", reason });

const key = (generation: number) => ed25519PublicKey(accountSecret("alice", generation));
const recoveryKey = (number: number) => ed25519PublicKey(recoverySecret("alice", number));
const rotation = { accountKey: key(2), recoveryPublicKey: recoveryKey(2), devices: [device("alice", 2)] };
/** Signed with Alice's first account key by who stole her device, as that device. */
const thiefs = (pinned: ParsedManifest) => following(pinned, { devices: [device("alice", 1), device("alice", 66)] });

describe("what a client does with a manifest", () => {
  test("it trusts the first one that it sees, whichever version that is", () => {
    expect(judgeManifest(null, one)).toEqual({ verdict: "first" });
    expect(judgeManifest(null, following(one))).toEqual({ verdict: "first" });
  });

  test("it knows one that it has", () => {
    expect(judge(one, accepted(one.signed))).toEqual({ verdict: "same" });
  });

  test("it takes the direct successor under the same account key", () => {
    const two = following(one, { devices: [device("alice", 1), device("alice", 2)] });
    expect(judge(one, two)).toEqual({ verdict: "next" });
    expect(judge(two, following(two, { devices: [] }))).toEqual({ verdict: "next" });
  });

  test("it takes a new account key that the recovery key confirmed", () => {
    const two = following(one);
    expect(judge(two, following(two, rotation, recoverySecret("alice")))).toEqual({ verdict: "rotated", follows: true });
  });

  test("it stops at a new account key that nobody confirmed, or another recovery key did", () => {
    expect(judge(one, following(one, rotation))).toEqual({ verdict: "reset" });
    expect(judge(one, following(one, rotation, recoverySecret("alice", 2)))).toEqual({ verdict: "reset" });
    expect(judge(one, following(one, rotation, accountSecret("alice")))).toEqual({ verdict: "reset" });
  });

  test("it takes a new recovery key only from the old one", () => {
    const changed = { recoveryPublicKey: recoveryKey(2) };
    expect(judge(one, following(one, changed, recoverySecret("alice")))).toEqual({ verdict: "next" });
    expect(judge(one, following(one, changed))).toEqual({ verdict: "reset" });
    expect(judge(one, following(one, changed, recoverySecret("alice", 2)))).toEqual({ verdict: "reset" });
  });

  test("a confirmation is for one manifest: it can't be moved to another", () => {
    const rotated = following(one, rotation, recoverySecret("alice"));
    const other = following(one, { ...rotation, devices: [device("alice", 66)] });
    const moved = { ...other, signed: { ...other.signed, recoverySignature: rotated.signed.recoverySignature } };
    expect(judge(one, moved)).toEqual({ verdict: "reset" });
    const wrongLabel = signEd25519(recoverySecret("alice"), signingInput(`${MANIFEST_RECOVERY_LABEL}x`, other.signed.manifest));
    expect(judge(one, { ...other, signed: { ...other.signed, recoverySignature: wrongLabel } })).toEqual({ verdict: "reset" });
  });

  test("it does not go back", () => {
    const two = following(one);
    const three = following(two, rotation, recoverySecret("alice"));
    expect(judge(two, one)).toEqual({ verdict: "old" });
    expect(judge(three, two)).toEqual({ verdict: "old" });
    expect(judge(three, one)).toEqual({ verdict: "old" });
  });

  test("it asks for what lies between", () => {
    const two = following(one);
    const three = following(two);
    expect(judge(one, three)).toEqual({ verdict: "gap" });
    const rotated = following(three, rotation, recoverySecret("alice"));
    const later = following(rotated);
    expect(judge(two, later)).toEqual({ verdict: "gap" });
    const rotatedTwice = following(rotated, { accountKey: key(3) }, recoverySecret("alice", 2));
    expect(judge(two, rotatedTwice)).toEqual({ verdict: "gap" });
  });

  test("two_manifests_one_version: it sees that somebody signed two manifests for one version", () => {
    const two = following(one);
    const otherTwo = thiefs(one);
    expect(judge(two, otherTwo)).toEqual({ verdict: "conflict" });
    expect(judge(otherTwo, two)).toEqual({ verdict: "conflict" });
    expect(judge(two, following(otherTwo))).toEqual({ verdict: "conflict" });
  });

  test("thief_manifest_after_rotation: nothing signed with the stolen account key counts any more", () => {
    const two = following(one);
    const rotated = following(two, rotation, recoverySecret("alice"));
    const four = following(rotated);
    for (const pinned of [rotated, four]) {
      let stolen = thiefs(two);
      for (let i = 0; i < 4; i++) {
        expect(judge(pinned, stolen)).toEqual({ verdict: "old" });
        stolen = following(stolen);
      }
    }
    // The thief does not know the new account key. Whatever names the next generation with a key of theirs is no successor to take.
    const taken = forge(following(rotated), { accountKey: key(1) }, accountSecret("alice"));
    expect(judge(rotated, accepted(taken))).toEqual(refused("account_key_changed"));
    const third = forge(following(rotated), { accountKey: key(1), generation: 3 }, accountSecret("alice"));
    expect(judge(rotated, accepted(third))).toEqual({ verdict: "reset" });
  });

  test("a rotation outranks a longer branch that the thief had signed before", () => {
    const branch = following(following(thiefs(one)));
    const rotated = following(following(one), rotation, recoverySecret("alice"));
    expect(branch.manifest.version).toBeGreaterThan(rotated.manifest.version);
    expect(judge(branch, rotated)).toEqual({ verdict: "rotated", follows: false });
    expect(judge(rotated, branch)).toEqual({ verdict: "old" });
  });

  test("username_moved: a name that was one account's is never another's, and an account keeps its name", () => {
    const renamed = accepted(forge(following(one), { username: "alice2" }, accountSecret("alice")));
    expect(judge(one, renamed)).toEqual(refused("username_changed"));
    const bob = publish("bob", firstOf("bob"));
    const bobAsAlice = accepted(forge(bob, { username: "alice", devices: [] }, accountSecret("bob")));
    expect(bobAsAlice.manifest).toMatchObject({ username: "alice", userId: fixedUserId("bob") });
    expect(judge(one, bobAsAlice)).toEqual(refused("user_changed"));
  });

  test("it refuses generations that are none, and device ids used again", () => {
    const two = following(one);
    const secret = accountSecret("alice");
    expect(judge(one, accepted(forge(two, { accountKey: key(2) }, accountSecret("alice", 2))))).toEqual(refused("account_key_changed"));
    expect(judge(one, accepted(forge(two, { generation: 2 }, secret)))).toEqual(refused("account_key_kept"));
    const three = following(two);
    expect(judge(two, accepted(forge(three, { generation: 3 }, secret)))).toEqual(refused("generation_skipped"));
    const reused: ManifestPin = { ...pinOf(one), devices: [{ ...device("alice", 1), identityKey: device("alice", 2).identityKey }] };
    expect(judgeManifest(reused, two)).toEqual(refused("device_key_changed"));
    expect(judgeManifest(reused, following(one, { ...rotation, devices: [device("alice", 1)] }, recoverySecret("alice")))).toEqual(
      refused("device_key_changed"),
    );
  });
});
