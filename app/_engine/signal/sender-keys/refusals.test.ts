/** What a hostile server or member may try with sender keys: each is refused with its reason and leaves the store as it was. */
import { concatBytes } from "@noble/hashes/utils.js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type EcPublicKey, signXEdDSA } from "@/server/contract/signatures";
import * as primitives from "../primitives";
import { createGroupMember, type GroupMember, idOf } from "../testing/group-member";
import { whisperGroup } from "../testing/whisper-group";
import { encodeSenderKeyRecord } from "./codec";
import { parleySenderKeys } from "./format";
import { groupDecrypt, processDistribution } from "./received";
import { MAX_SKIPPED_STEPS, MAX_STEP, MAX_STEPS_AHEAD, type SenderKeyRecord } from "./state";
import type { SenderKeyContext } from "./suite";

function makeGroup() {
  const [alice, bob, mallory] = ["alice", "bob", "mallory"].map((name) => createGroupMember({ name })) as [
    GroupMember,
    GroupMember,
    GroupMember,
  ];
  for (const member of [alice, mallory]) {
    member.rotate();
    bob.take(member, member.distribution());
  }
  return { alice, bob, mallory };
}

const bytesOf = (member: GroupMember, from: GroupMember) => encodeSenderKeyRecord(member.received(from) as SenderKeyRecord);
const flip = (bytes: Uint8Array, at: number, bit = 1) => bytes.map((byte, i) => (i === at ? byte ^ bit : byte));
const keyIdOf = (member: GroupMember) => member.own().current?.keyId as number;

/** A message that alice's key signs for a step: what only alice, or who stole her key, can make. */
function forge(alice: GroupMember, iteration: number, ciphertext = new Uint8Array(32)): Uint8Array {
  const { current } = alice.own();
  if (current === null) throw new Error("no key");
  const authenticated = parleySenderKeys.encodeMessage(alice.context, { keyId: current.keyId, iteration, ciphertext });
  const input = parleySenderKeys.signingInput(alice.context, authenticated);
  return concatBytes(authenticated, signXEdDSA(current.signing.privateKey, input, alice.random));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("forged messages", () => {
  it("are refused whichever byte was changed, and nothing is derived or stored for them", () => {
    const { alice, bob } = makeGroup();
    const message = alice.send("pay 10");
    const before = bytesOf(bob, alice);
    const derive = vi.spyOn(primitives, "hmacSha256");
    const reasons = Array.from(message, (_, at) => bob.read(alice, flip(message, at, 1 << (at % 8))));
    expect(new Set(reasons)).toEqual(new Set(["<unsupported_version>", "<malformed>", "<unknown_key>", "<bad_signature>"]));
    expect(reasons.filter((reason) => reason === "<bad_signature>").length).toBeGreaterThan(75);
    expect(derive).not.toHaveBeenCalled();
    expect(bytesOf(bob, alice)).toEqual(before);
    expect(bob.read(alice, message)).toBe("pay 10");
    expect(derive).toHaveBeenCalled();
  });

  it("are refused cut short or extended anywhere", () => {
    const { alice, bob } = makeGroup();
    const message = alice.send("pay 10");
    for (const empty of [message.subarray(0, 0), message.subarray(0, 1)]) {
      expect([bob.read(alice, empty), bob.take(alice, empty)]).toEqual(["<malformed>", "<malformed>"]);
    }
    for (let length = 0; length < message.length; length++)
      expect(bob.read(alice, message.subarray(0, length))).toMatch(/malformed|version|sig/);
    expect(bob.read(alice, concatBytes(message, new Uint8Array(1)))).toBe("<malformed>");
    expect(bob.read(alice, message)).toBe("pay 10");
  });

  it("of another member under alice's name, with alice's key id, are refused", () => {
    const { alice, bob, mallory } = makeGroup();
    expect(keyIdOf(mallory)).toBe(keyIdOf(alice));
    const message = mallory.send("I am alice");
    expect(bob.read(alice, message)).toBe("<bad_signature>");
    expect(bob.read(mallory, message)).toBe("I am alice");
    expect(mallory.read(alice, alice.send("not mine"))).toBe("<unknown_key>");
  });

  it("are refused under another chat, another user or another device, even where the same key was handed out", () => {
    const { alice, bob } = makeGroup();
    const message = alice.send("in this chat");
    const record = bob.received(alice);
    const elsewhere: Partial<SenderKeyContext>[] = [{ chatId: idOf("other") }, { userId: idOf("other") }, { deviceId: idOf("other") }];
    for (const other of elsewhere) {
      expect(groupDecrypt({ context: { ...alice.context, ...other }, record, message })).toEqual({ ok: false, reason: "bad_signature" });
    }
    const { chatId, userId, deviceId } = alice.context;
    const swapped = { chatId: userId, userId: chatId, deviceId };
    expect(groupDecrypt({ context: swapped, record, message })).toEqual({ ok: false, reason: "bad_signature" });
    expect(groupDecrypt({ context: alice.context, record, message }).ok).toBe(true);
  });

  it("with a right signature over what no honest sender encrypts open nothing and spend no step", () => {
    const { alice, bob } = makeGroup();
    const before = bytesOf(bob, alice);
    expect(bob.read(alice, forge(alice, 0))).toBe("<malformed>");
    expect(bob.read(alice, forge(alice, 0, new Uint8Array(33)))).toBe("<malformed>");
    expect(bob.read(alice, flip(forge(alice, 0, new Uint8Array(15)), 80))).toBe("<malformed>");
    expect(bytesOf(bob, alice)).toEqual(before);
    expect(bob.read(alice, alice.send("hello"))).toBe("hello");
  });

  it("of Signal's format, and of another type of this one, are another version", () => {
    const { alice, bob } = makeGroup();
    const signal = createGroupMember({ name: "alice", suite: whisperGroup });
    signal.rotate();
    expect(bob.read(alice, signal.send("downgrade"))).toBe("<unsupported_version>");
    expect(bob.read(alice, Uint8Array.of(0x52, 3))).toBe("<unsupported_version>");
    expect(bob.take(alice, signal.distribution())).toBe("<unsupported_version>");
    expect(bob.read(alice, alice.distribution())).toBe("<unsupported_version>");
    expect(bob.take(alice, alice.send("no key"))).toBe("<unsupported_version>");
    const record: SenderKeyRecord = { ...(bob.received(alice) as SenderKeyRecord), version: whisperGroup.version };
    const options = { context: alice.context, record };
    expect(groupDecrypt({ ...options, message: alice.send("hello") })).toEqual({ ok: false, reason: "unsupported_version" });
    expect(processDistribution({ ...options, distribution: alice.distribution() })).toEqual({ ok: false, reason: "unsupported_version" });
  });
});

describe("steps far ahead", () => {
  it("jump_2001: a message may be 2,000 ahead, and no further", () => {
    const { alice, bob } = makeGroup();
    alice.skip(MAX_STEPS_AHEAD);
    const [there, beyond, last] = [alice.send("2000"), alice.send("2001"), alice.skip(MAX_STEPS_AHEAD - 1) && alice.send("4001")];
    const before = bytesOf(bob, alice);
    expect(bob.read(alice, beyond)).toBe("<too_far_ahead>");
    expect(bytesOf(bob, alice)).toEqual(before);
    expect(bob.read(alice, there)).toBe("2000");
    expect(bob.read(alice, last)).toBe("4001");
    expect(bob.read(alice, beyond)).toBe("2001");
  });

  it("the greatest counter is refused without deriving anything", () => {
    const { alice, bob } = makeGroup();
    const [last, next] = [forge(alice, MAX_STEP), forge(alice, MAX_STEPS_AHEAD + 1)];
    const derive = vi.spyOn(primitives, "hmacSha256");
    expect([bob.read(alice, last), bob.read(alice, next)]).toEqual(["<too_far_ahead>", "<too_far_ahead>"]);
    expect(derive).not.toHaveBeenCalled();
  });

  it("the greatest step opens, and nothing stands behind it", () => {
    const [alice, bob] = [createGroupMember({ name: "alice" }), createGroupMember({ name: "bob" })];
    const { current, ...rest } = alice.rotate();
    if (current === null) throw new Error("no key");
    const spent = { ...current.next, iteration: MAX_STEP };
    alice.storeOwn({ ...rest, current: { ...current, earliest: spent, next: spent } });
    bob.take(alice, alice.distribution());
    const message = alice.send("the last");
    expect(() => alice.send("too many")).toThrow("needs_new_key");
    expect([bob.read(alice, message), bob.read(alice, message)]).toEqual(["the last", "<duplicate>"]);
    expect(bob.received(alice)?.keys[0]?.next.iteration).toBe(MAX_STEP + 1);
  });

  it("keeps the keys of 2,000 missing messages, and forgets the oldest", () => {
    const { alice, bob } = makeGroup();
    const [first, second] = [alice.send("0"), alice.send("1")];
    alice.skip(MAX_SKIPPED_STEPS - 2);
    const third = alice.send("2000");
    expect(bob.read(alice, third)).toBe("2000");
    expect(bob.received(alice)?.keys[0]?.skipped.length).toBe(MAX_SKIPPED_STEPS);
    alice.skip(1);
    bob.read(alice, alice.send("2002"));
    expect(bob.received(alice)?.keys[0]?.skipped.length).toBe(MAX_SKIPPED_STEPS);
    expect([bob.read(alice, first), bob.read(alice, second)]).toEqual(["<duplicate>", "1"]);
    // What was forgotten may have been opened: an earlier step does not bring it back.
    expect(bob.take(alice, alice.distribution({ keyId: keyIdOf(alice), iteration: 3 }))).toBe("ok");
    expect(bob.read(alice, first)).toBe("<duplicate>");
  });
});

describe("keys handed out", () => {
  it("again with another signing key or another chain are a conflict, and the known key stays", () => {
    const { alice, bob, mallory } = makeGroup();
    const [own, theirs] = [alice.own().current, mallory.own().current];
    if (!own || !theirs) throw new Error("no key");
    const sent = [0, 1, 2, 3].map((n) => alice.send(`${n}`));
    bob.read(alice, sent[2] as Uint8Array);
    const before = bytesOf(bob, alice);
    const given = { keyId: own.keyId, iteration: 0, chainKey: own.next.chainKey, signingKey: own.signing.publicKey };
    const conflicts = [
      { ...given, signingKey: theirs.signing.publicKey },
      ...[0, 1, 2, 3, 4, 1_000].map((iteration) => ({ ...given, iteration, chainKey: theirs.next.chainKey })),
      { ...given, iteration: 3 },
    ];
    for (const each of conflicts) {
      expect(bob.take(alice, parleySenderKeys.encodeDistribution(alice.context, each))).toBe("<conflict>");
    }
    expect(bytesOf(bob, alice)).toEqual(before);
    expect(bob.take(alice, parleySenderKeys.encodeDistribution(alice.context, given))).toBe("ok");
    expect(sent.map((message) => bob.read(alice, message))).toEqual(["0", "1", "<duplicate>", "3"]);
  });

  it("of a later step are compared too, and leave what is missing readable", () => {
    const { alice, bob } = makeGroup();
    const message = alice.send("missing");
    alice.skip(MAX_STEPS_AHEAD - 1);
    expect(bob.take(alice, alice.distribution())).toBe("ok");
    alice.skip(1);
    expect(bob.take(alice, alice.distribution())).toBe("<too_many_steps>");
    expect(bob.read(alice, message)).toBe("missing");
  });

  it("of a step more than 2,000 back are not taken", () => {
    const { alice } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    alice.skip(MAX_STEPS_AHEAD + 1);
    dave.take(alice, alice.distribution());
    const from = (iteration: number) => alice.distribution({ keyId: keyIdOf(alice), iteration });
    expect([dave.take(alice, from(0)), dave.take(alice, from(1))]).toEqual(["<too_many_steps>", "ok"]);
    expect(dave.received(alice)?.keys[0]).toMatchObject({ earliest: 1, skipped: { length: MAX_STEPS_AHEAD } });
  });

  it("are refused whichever byte was changed, unless it changes the key itself, and then nothing of alice's opens with it", () => {
    const { alice } = makeGroup();
    const distribution = alice.distribution();
    const message = alice.send("hello");
    for (const [at] of distribution.entries()) {
      const dave = createGroupMember({ name: "dave" });
      const taken = dave.take(alice, flip(distribution, at));
      expect(taken).toMatch(/ok|malformed|unsupported_version|bad_key|wrong_context/);
      if (taken === "ok") expect(dave.read(alice, message)).toMatch(/bad_signature|malformed|unknown_key|step_not_held/);
      // Bytes 4 to 57 name the chat, the user and the device.
      if (at > 3 && at < 56 && ![20, 21, 38, 39].includes(at)) expect(taken).toBe("<wrong_context>");
    }
  });

  it("for another chat, or by another user or device than the one in whose session they come, are refused", () => {
    const { alice, mallory } = makeGroup();
    const dave = createGroupMember({ name: "dave" });
    expect(dave.take(mallory, alice.distribution())).toBe("<wrong_context>");
    for (const other of [{ chatId: idOf("other") }, { userId: idOf("other") }, { deviceId: idOf("other") }]) {
      expect(dave.take({ name: "alice", context: { ...alice.context, ...other } }, alice.distribution())).toBe("<wrong_context>");
    }
    expect(dave.received(alice)).toBeNull();
  });

  it("with a signing key of small order are refused", () => {
    const { alice, bob } = makeGroup();
    const signingKey = Uint8Array.of(5, 1, ...new Uint8Array(31)) as EcPublicKey;
    const chainKey = new Uint8Array(32) as primitives.ChainKey;
    const bytes = parleySenderKeys.encodeDistribution(alice.context, { keyId: 1, iteration: 0, chainKey, signingKey });
    expect(bob.take(alice, bytes)).toBe("<bad_key>");
  });
});
