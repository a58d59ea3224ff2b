import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testRuns } from "@/server/testing/test-runs";
import { decodeSessionRecord } from "../record-codec";
import { createGroupMember, idOf } from "../testing/group-member";
import { whisperGroup } from "../testing/whisper-group";
import { decodeOwnSenderKeys, decodeSenderKeyRecord, encodeOwnSenderKeys, encodeSenderKeyRecord } from "./codec";
import { parleySenderKeys } from "./format";
import { dropOwnSenderKeys } from "./own";
import type { OwnSenderKeys, ReceivedSenderKey, SenderKeyRecord } from "./state";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Keys in every state: retired, half forgotten, with gaps, forgotten. */
function makeKeys() {
  const [alice, bob] = [createGroupMember({ name: "codec alice" }), createGroupMember({ name: "codec bob" })];
  let late: Uint8Array = new Uint8Array();
  for (let n = 0; n < 7; n++) {
    alice.rotate();
    bob.take(alice, alice.distribution());
    late = alice.send("0");
    bob.read(alice, alice.send("1"));
  }
  return { alice, bob, late, distribution: alice.distribution(), own: alice.own(), received: bob.received(alice) as SenderKeyRecord };
}

const { alice, own, received, late, distribution } = makeKeys();
const [newest] = received.keys as [ReceivedSenderKey];
const [retired] = own.retired as [OwnSenderKeys["retired"][number]];

describe("stored sender keys", () => {
  it.each(Object.entries({ own, dropped: dropOwnSenderKeys(own) }))("come back: %s", (_, keys) => {
    expect(decodeOwnSenderKeys(encodeOwnSenderKeys(keys))).toEqual(keys);
    expect(decodeOwnSenderKeys(Buffer.from(encodeOwnSenderKeys(keys)))).toEqual(keys);
  });

  it.each(Object.entries({ received, empty: { ...received, keys: [] } }))("come back: %s", (_, record) => {
    expect(decodeSenderKeyRecord(encodeSenderKeyRecord(record))).toEqual(record);
  });

  it("keep their bytes", async () => {
    const snapshot = { own: hex(encodeOwnSenderKeys(own)), received: hex(encodeSenderKeyRecord(received)) };
    await expect(`${JSON.stringify(snapshot, null, 2)}\n`).toMatchFileSnapshot("../testing/vectors/sender-key-record.json");
  });

  it("are not read as each other, as sessions, or in another format version", () => {
    const [ownBytes, receivedBytes] = [encodeOwnSenderKeys(own), encodeSenderKeyRecord(received)];
    expect([decodeSenderKeyRecord(ownBytes), decodeOwnSenderKeys(receivedBytes), decodeSessionRecord(ownBytes)]).toEqual([
      null,
      null,
      null,
    ]);
    const later = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 1 ? 2 : byte));
    expect([decodeOwnSenderKeys(later(ownBytes)), decodeSenderKeyRecord(later(receivedBytes))]).toEqual([null, null]);
    expect([decodeOwnSenderKeys(new Uint8Array()), decodeSenderKeyRecord(new Uint8Array())]).toEqual([null, null]);
  });

  it("are refused in states that no device can be in", () => {
    const current = own.current;
    if (current === null) throw new Error("no key");
    const impossibleOwn: OwnSenderKeys[] = [
      { ...own, lastKeyId: current.keyId - 1 },
      { ...own, current: null, lastKeyId: retired.keyId - 1 },
      { ...own, current: { ...current, keyId: retired.keyId } },
      { ...own, retired: own.retired.toReversed() },
      { ...own, current: { ...current, earliest: { ...current.earliest, iteration: current.next.iteration + 1 } } },
      { ...own, retired: [{ ...retired, end: retired.earliest.iteration }] },
      { ...own, retired: [...own.retired, { ...retired, keyId: 1 }] },
    ];
    expect(impossibleOwn.map((keys) => decodeOwnSenderKeys(encodeOwnSenderKeys(keys)))).toEqual(impossibleOwn.map(() => null));
    const [skipped] = newest.skipped as [ReceivedSenderKey["skipped"][number]];
    const at = (counter: number) => ({ ...skipped, counter });
    const impossible: SenderKeyRecord[] = [
      { ...received, keys: received.keys.toReversed() },
      { ...received, keys: [newest, newest] },
      { ...received, keys: [...received.keys, { ...newest, keyId: 1 }] },
      ...[
        { ...newest, earliest: newest.next.iteration + 1 },
        { ...newest, earliest: newest.next.iteration + 1, skipped: [] },
        { ...newest, earliest: 1 },
        { ...newest, skipped: [at(newest.next.iteration)] },
        { ...newest, skipped: [at(1), at(0)] },
        { ...newest, skipped: [at(0), at(0)] },
      ].map((key) => ({ ...received, keys: [key] })),
    ];
    expect(impossible.map((record) => decodeSenderKeyRecord(encodeSenderKeyRecord(record)))).toEqual(impossible.map(() => null));
  });

  it("are refused with half a kept message key", () => {
    const single = { ...received, keys: [newest] };
    const bytes = encodeSenderKeyRecord(single);
    expect(bytes.at(-37)).toBe(36);
    // The last 36 bytes are the kept key, its length stands before them. Field 3 is the whole sender key: its length shrinks too.
    const halved = bytes.with(-37, 35).subarray(0, -1);
    const at = Buffer.from(bytes).indexOf(Buffer.from([3 * 8 + 2])) + 1;
    expect(decodeSenderKeyRecord(halved.with(at, (halved[at] as number) - 1))).toBeNull();
    expect(decodeSenderKeyRecord(bytes)).toEqual(single);
  });
});

/** Every decoder of sender keys. What one reads it must write back the same. */
function decodeAll(bytes: Uint8Array): void {
  const keys = decodeOwnSenderKeys(bytes);
  if (keys !== null) expect(encodeOwnSenderKeys(keys)).toEqual(bytes);
  const record = decodeSenderKeyRecord(bytes);
  if (record !== null) expect(encodeSenderKeyRecord(record)).toEqual(bytes);
  for (const suite of [parleySenderKeys, whisperGroup]) {
    const message = suite.decodeMessage(alice.context, bytes);
    if (message.ok) {
      const encoded = Buffer.concat([suite.encodeMessage(alice.context, message.message), message.message.signature]);
      expect(encoded.equals(bytes)).toBe(true);
    }
    const given = suite.decodeDistribution(alice.context, bytes);
    if (given.ok) expect(suite.encodeDistribution(alice.context, given.distribution)).toEqual(bytes);
  }
}

it("never throws on changed bytes, and what it reads it writes back the same", { timeout: 60_000 * testRuns() }, () => {
  const signal = createGroupMember({ name: "codec alice", suite: whisperGroup, chatId: idOf("the chat") });
  signal.rotate();
  const sources = [
    encodeOwnSenderKeys(own),
    encodeSenderKeyRecord(received),
    encodeSenderKeyRecord({ ...received, keys: [newest] }),
    late,
    distribution,
    signal.send("hello"),
    signal.distribution(),
  ];
  for (const source of sources) decodeAll(Uint8Array.from(source));
  const mutation = fc.record({
    source: fc.constantFrom(...sources),
    cut: fc.nat(),
    isCut: fc.boolean(),
    writes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    tail: fc.uint8Array({ maxLength: 4 }),
  });
  fc.assert(
    fc.property(mutation, ({ source, cut, isCut, writes, tail }) => {
      const bytes = new Uint8Array([...(isCut ? source.subarray(0, cut % (source.length + 1)) : source), ...tail]);
      for (const [at, value] of writes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      decodeAll(bytes);
    }),
    { numRuns: Math.ceil(2_000 * testRuns()), seed: 30 },
  );
});

it("never throws on random bytes", { timeout: 60_000 * testRuns() }, () => {
  const start = fc.constantFrom([], [0x51, 3], [0x51, 4, 0x0a, 16], [0x33, 0x0a, 16], [8, 1, 16, 0x51]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (first, rest) => decodeAll(Uint8Array.of(...first, ...rest))),
    { numRuns: Math.ceil(2_000 * testRuns()), seed: 31 },
  );
});
