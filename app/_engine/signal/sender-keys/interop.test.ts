/** The shared sender key code against Signal's own library, through the suite that speaks its format. */
import { expect, it } from "vitest";
import { uuidToBytes } from "@/server/contract/encodings";
import { createGroupMember } from "../testing/group-member";
import { createLibsignalGroupPeer } from "../testing/libsignal-group-peer";
import { whisperGroup } from "../testing/whisper-group";

const DISTRIBUTION_ID = "6b0c9a52-3e5d-4f3c-9a7e-0d1f2a3b4c5d";

/** Two of ours and two that speak by Signal's library, in one chat. */
function makeGroup() {
  const chatId = uuidToBytes(DISTRIBUTION_ID);
  const member = (name: string) => createGroupMember({ name, chatId, suite: whisperGroup });
  const peer = (name: string) => {
    const made = createLibsignalGroupPeer(name, DISTRIBUTION_ID);
    return { ...made, context: member(name).context };
  };
  return { alice: member("alice"), bob: member("bob"), signal: peer("signal"), late: peer("late") };
}

it("speaks to Signal's library: in order, out of order, with loss, and to one who joins late", async () => {
  const { alice, bob, signal, late } = makeGroup();
  alice.rotate();
  await signal.process("alice", alice.distribution());
  bob.take(alice, alice.distribution());
  const messages = Array.from({ length: 6 }, (_, n) => alice.send(`message ${n}`));
  const joined = alice.distribution();
  const after = Array.from({ length: 3 }, (_, n) => alice.send(`after ${n}`));
  // Message 4 is lost.
  for (const n of [0, 3, 1, 5, 2]) {
    expect(await signal.decrypt("alice", messages[n] as Uint8Array)).toBe(`message ${n}`);
    expect(bob.read(alice, messages[n] as Uint8Array)).toBe(`message ${n}`);
  }
  await late.process("alice", joined);
  for (const n of [2, 0, 1]) expect(await late.decrypt("alice", after[n] as Uint8Array)).toBe(`after ${n}`);
  await expect(late.decrypt("alice", messages[5] as Uint8Array)).rejects.toThrow();
  await expect(signal.decrypt("alice", messages[3] as Uint8Array)).rejects.toThrow(/old counter/);
  expect(bob.read(alice, messages[3] as Uint8Array)).toBe("<duplicate>");
});

it("understands Signal's library: in order, out of order, with loss, and joining late", async () => {
  const { alice, bob, signal } = makeGroup();
  expect(alice.take(signal, await signal.distribution())).toBe("ok");
  const messages: Uint8Array[] = [];
  for (let n = 0; n < 6; n++) messages.push(await signal.encrypt(`message ${n}`));
  const joined = await signal.distribution();
  for (const n of [0, 3, 1, 5, 2]) expect(alice.read(signal, messages[n] as Uint8Array)).toBe(`message ${n}`);
  expect(alice.read(signal, messages[3] as Uint8Array)).toBe("<duplicate>");
  expect(bob.take(signal, joined)).toBe("ok");
  expect(bob.read(signal, messages[5] as Uint8Array)).toBe("<step_not_held>");
  expect(bob.read(signal, await signal.encrypt("after"))).toBe("after");
  expect(alice.read(signal, messages[4] as Uint8Array)).toBe("message 4");
});

it("changes keys both ways, and late messages of the old key still open", async () => {
  const { alice, signal } = makeGroup();
  alice.rotate();
  await signal.process("alice", alice.distribution());
  alice.take(signal, await signal.distribution());
  const [ours, theirs] = [alice.send("old"), await signal.encrypt("old")];
  alice.rotate();
  signal.rotate();
  await signal.process("alice", alice.distribution());
  alice.take(signal, await signal.distribution());
  expect(await signal.decrypt("alice", alice.send("new"))).toBe("new");
  expect(alice.read(signal, await signal.encrypt("new"))).toBe("new");
  expect(await signal.decrypt("alice", ours)).toBe("old");
  expect(alice.read(signal, theirs)).toBe("old");
});

it("writes the same distribution as Signal's library after the same messages", async () => {
  const { alice, signal } = makeGroup();
  alice.take(signal, await signal.distribution());
  for (const text of ["one", "two"]) alice.read(signal, await signal.encrypt(text));
  const [key] = alice.received(signal)?.keys ?? [];
  if (!key) throw new Error("no key");
  const { keyId, signingKey, next } = key;
  const ours = whisperGroup.encodeDistribution(signal.context, { keyId, signingKey, ...next });
  expect(Buffer.from(ours)).toEqual(Buffer.from(await signal.distribution()));
});

it("refuses what Signal's library refuses: a changed byte, another sender, another chat", async () => {
  const { alice, bob, signal } = makeGroup();
  alice.rotate();
  const distribution = await signal.distribution();
  alice.take(signal, distribution);
  await signal.process("alice", alice.distribution());
  const [ours, theirs] = [alice.send("hello"), await signal.encrypt("hello")];
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  for (const fromEnd of [1, 40, 70]) {
    expect(alice.read(signal, flip(theirs, theirs.length - fromEnd))).toBe("<bad_signature>");
    await expect(signal.decrypt("alice", flip(ours, ours.length - fromEnd))).rejects.toThrow();
  }
  expect(alice.read(bob, theirs)).toBe("<unknown_key>");
  const otherChat = { ...signal, name: "elsewhere", context: { ...signal.context, chatId: new Uint8Array(16) } };
  expect(alice.take(otherChat, distribution)).toBe("<wrong_context>");
  expect(alice.read(otherChat, theirs)).toBe("<malformed>");
  expect(alice.read(signal, theirs)).toBe("hello");
  expect(await signal.decrypt("alice", ours)).toBe("hello");
});
