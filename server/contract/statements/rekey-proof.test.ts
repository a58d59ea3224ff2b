import { describe, expect, test } from "vitest";
import { toBase64 } from "../encodings";
import { MAX_MANIFESTS_TO_NEW_KEY } from "../limits";
import { ed25519PublicKey } from "../signatures";
import { applyStatement } from "./audience";
import type { LaterAction } from "./control";
import type { ParsedManifest } from "./manifest";
import { nextManifest, pinOf } from "./manifest-pin";
import { proveRotation } from "./rekey-proof";
import { accountSecret, device, fixedBytes, fixedUserId, publish, recoverySecret, START_MS } from "./test-account";
import { createLog, firstManifestOf, type Log, newDeviceOf, newKeyOf, person, rolesOf, signAs } from "./test-group";

const carol = firstManifestOf("carol");
const rotated = newKeyOf("carol", carol, true);
const reset = newKeyOf("carol", carol, false);
const newSecret = { accountSecretKey: accountSecret("carol", 2) };

function trio(): Log {
  const log = createLog([person("alice", "owner"), person("bob", "admin"), person("carol")]);
  log.name(carol);
  return log;
}
function rekeyTo(manifest: ParsedManifest): LaterAction {
  const { accountKey, manifestHash } = person("carol", "member", manifest);
  return { type: "rekey", accountKey, manifestHash };
}
const keyOf = (log: Log, name: string) => log.chain().members.find(({ userId }) => userId === fixedUserId(name))?.accountKey;

describe("a member's new account key", () => {
  test("enters by their own entry once the log names its recovery-signed manifest, and the old key counts no more", () => {
    const log = trio();
    expect(log.force("carol", rekeyTo(rotated), newSecret)).toMatchObject({ ok: false, reason: "unproven_key" });
    log.name(rotated);
    const done = log.act("carol", rekeyTo(rotated), newSecret);
    const { accountKey } = person("carol", "member", rotated);
    const previousAccountKey = carol.manifest.accountKey;
    expect(done).toMatchObject({ ok: true, effects: [{ type: "rekeyed", userId: fixedUserId("carol"), previousAccountKey, accountKey }] });
    expect(keyOf(log, "carol")).toEqual(accountKey);
    const leave: LaterAction = { type: "leave", deletesAccount: false };
    expect(log.force("carol", leave)).toMatchObject({ ok: false, reason: "bad_signature" });
    expect(log.act("carol", leave, newSecret).ok).toBe(true);
  });

  test("is followed over device changes and several rotations, to the last manifest that the log names", () => {
    const log = trio();
    const withDevice = newDeviceOf("carol", carol);
    const first = newKeyOf("carol", withDevice, true);
    const second = newKeyOf("carol", first, true);
    const last = publish("carol", nextManifest(pinOf(second), { devices: [device("carol", 9)], issuedAtMs: START_MS + 9 }));
    for (const manifest of [withDevice, first, second, last]) log.name(manifest);
    const secret = { accountSecretKey: accountSecret("carol", 3) };
    expect(log.force("carol", rekeyTo(second), secret)).toMatchObject({ ok: false, reason: "unproven_key" });
    expect(log.act("carol", rekeyTo(last), secret).ok).toBe(true);
    const again = newKeyOf("carol", last, true);
    log.name(again);
    expect(log.act("carol", rekeyTo(again), { accountSecretKey: accountSecret("carol", 4) }).ok).toBe(true);
  });

  test("is no verdict while a manifest between is not at hand; with it, it is", () => {
    const log = trio();
    const withDevice = newDeviceOf("carol", carol);
    const next = newKeyOf("carol", withDevice, true);
    log.name(next);
    const entry = { seq: 9, kind: "control", statement: signAs("carol", rekeyTo(next), log.place(), newSecret) } as const;
    const held = new Map<string, ParsedManifest>();
    for (const needed of [next, withDevice, carol]) {
      const asked = applyStatement(log.audience(), entry, (hash) => held.get(toBase64(hash)) ?? null);
      expect(asked).toEqual({ ok: false, reason: "needs_manifest", manifestHash: needed.hash, audience: log.audience() });
      held.set(toBase64(needed.hash), needed);
    }
    expect(applyStatement(log.audience(), entry, (hash) => held.get(toBase64(hash)) ?? null).ok).toBe(true);
  });

  test("is not taken on somebody else's signature, nor on the old key's", () => {
    const log = trio();
    log.name(rotated);
    for (const accountSecretKey of [accountSecret("carol"), accountSecret("mallory")]) {
      expect(log.force("carol", rekeyTo(rotated), { accountSecretKey })).toMatchObject({ ok: false, reason: "bad_signature" });
    }
    expect(log.force("mallory", rekeyTo(rotated), newSecret)).toMatchObject({ ok: false, reason: "unknown_actor" });
    expect(log.force("bob", rekeyTo(rotated), newSecret)).toMatchObject({ ok: false, reason: "unproven_key" });
  });

  test("after an identity reset enters by an admin's word alone", () => {
    const log = trio();
    log.name(reset);
    expect(log.force("carol", rekeyTo(reset), newSecret)).toMatchObject({ ok: false, reason: "unproven_key" });
    expect(() => log.act("carol", rekeyTo(reset), newSecret)).toThrow(RangeError);
    const again = person("carol", "member", reset);
    expect(log.act("bob", { type: "add", members: [again] })).toMatchObject({ ok: true, effects: [{ type: "identity_replaced" }] });
    expect(keyOf(log, "carol")).toEqual(again.accountKey);
    expect(rolesOf(log, ["carol"])).toEqual({ carol: "member" });
    const next = newKeyOf("carol", reset, true);
    log.name(next);
    expect(log.act("carol", rekeyTo(next), { accountSecretKey: accountSecret("carol", 3) }).ok).toBe(true);
  });
});

describe("somebody else's key", () => {
  const thiefKeys = (generation: number) => ({
    accountKey: ed25519PublicKey(accountSecret("thief", generation)),
    recoveryPublicKey: ed25519PublicKey(recoverySecret("thief")),
  });

  test("thief_manifest_after_rotation: the old account key makes no way to a new one", () => {
    const log = trio();
    // With the stolen key the thief names a recovery key of their own, and with that one a new account key.
    const stolen = publish(
      "carol",
      nextManifest(pinOf(carol), {
        recoveryPublicKey: thiefKeys(1).recoveryPublicKey,
        devices: [device("carol", 66)],
        issuedAtMs: START_MS,
      }),
    );
    const byThief = publish(
      "thief",
      nextManifest(pinOf(stolen), { ...thiefKeys(2), devices: [device("carol", 67)], issuedAtMs: START_MS + 1 }),
      recoverySecret("thief"),
    );
    const secret = { accountSecretKey: accountSecret("thief", 2) };
    log.name(stolen);
    log.name(byThief);
    expect(log.force("carol", rekeyTo(byThief), secret)).toMatchObject({ ok: false, reason: "unproven_key" });
    const unsigned = publish("thief", nextManifest(pinOf(carol), { ...thiefKeys(2), issuedAtMs: START_MS }), recoverySecret("thief"));
    log.name(unsigned);
    expect(log.force("carol", rekeyTo(unsigned), secret)).toMatchObject({ ok: false, reason: "unproven_key" });
    expect(keyOf(log, "carol")).toEqual(carol.manifest.accountKey);

    const after = trio();
    after.name(rotated);
    after.act("carol", rekeyTo(rotated), newSecret);
    expect(after.name(stolen)).toMatchObject({ ok: false, reason: "not_higher" });
    expect(after.force("carol", rekeyTo(byThief), secret)).toMatchObject({ ok: false, reason: "unproven_key" });
    expect(after.force("carol", rekeyTo(carol))).toMatchObject({ ok: false, reason: "unproven_key" });
  });

  test("username_moved: a manifest under another name, or another person's, proves nothing", () => {
    const log = trio();
    const renamed = nextManifest(pinOf(carol), {
      accountKey: ed25519PublicKey(accountSecret("carol", 2)),
      recoveryPublicKey: ed25519PublicKey(recoverySecret("carol", 2)),
      issuedAtMs: START_MS,
    });
    const moved = publish("carol", { ...renamed, username: "caroline" }, recoverySecret("carol"));
    log.name(moved);
    expect(log.force("carol", rekeyTo(moved), newSecret)).toMatchObject({ ok: false, reason: "unproven_key" });
    const bob = firstManifestOf("bob");
    const known = { accountKey: bob.manifest.accountKey, manifestHash: bob.hash };
    const bobs = newKeyOf("bob", bob, true);
    const next = { accountKey: bobs.manifest.accountKey, manifestHash: bobs.hash };
    const manifestOf = (hash: Uint8Array) => [bob, bobs].find((one) => toBase64(one.hash) === toBase64(hash)) ?? null;
    expect(proveRotation(fixedUserId("bob"), known, next, manifestOf)).toEqual({ proof: "rotated" });
    expect(proveRotation(fixedUserId("carol"), known, next, manifestOf)).toEqual({ proof: "unproven" });
  });

  test("does not come in by the owner's own new manifest", () => {
    const log = trio();
    log.name(rotated);
    const { accountKey } = thiefKeys(2);
    const stolen = log.force("carol", { ...rekeyTo(rotated), accountKey } as LaterAction, { accountSecretKey: accountSecret("thief", 2) });
    expect(stolen).toMatchObject({ ok: false, reason: "unproven_key" });
  });

  test("is not proven by a row of manifests that doesn't lead to the known one, or whose known one has another key", () => {
    const held = [carol, rotated];
    const manifestOf = (hash: Uint8Array) => held.find((one) => toBase64(one.hash) === toBase64(hash)) ?? null;
    const next = { accountKey: rotated.manifest.accountKey, manifestHash: rotated.hash };
    const prove = (accountKey: Uint8Array, manifestHash: Uint8Array) =>
      proveRotation(fixedUserId("carol"), { accountKey, manifestHash }, next, manifestOf).proof;
    expect(prove(carol.manifest.accountKey, carol.hash)).toBe("rotated");
    expect(prove(carol.manifest.accountKey, reset.hash)).toBe("unproven");
    expect(prove(fixedBytes("what the adder said"), carol.hash)).toBe("unproven");
  });

  test("is looked for over 1,000 manifests and no more", () => {
    // Unsigned: between equal keys only the links are judged.
    const row: ParsedManifest[] = [carol];
    for (let i = 0; i <= MAX_MANIFESTS_TO_NEW_KEY; i++) {
      const manifest = nextManifest(pinOf(row.at(-1) as ParsedManifest), { issuedAtMs: START_MS });
      row.push({ ...carol, manifest, hash: fixedBytes(`manifest ${i}`) });
    }
    const byHash = new Map(row.map((one) => [toBase64(one.hash), one]));
    const reached = (one: ParsedManifest) => {
      const { accountKey } = carol.manifest;
      const [known, next] = [carol, one].map(({ hash }) => ({ accountKey, manifestHash: hash })) as [typeof carol & never, never];
      return proveRotation(fixedUserId("carol"), known, next, (hash) => byHash.get(toBase64(hash)) ?? null).proof;
    };
    expect(reached(row[MAX_MANIFESTS_TO_NEW_KEY] as ParsedManifest)).toBe("rotated");
    expect(reached(row[MAX_MANIFESTS_TO_NEW_KEY + 1] as ParsedManifest)).toBe("unproven");
  });
});
