/** Every decoder of the protocol core on broken bytes: none throws, and what it takes is what its encoder would have written. */
import { describe, expect, it } from "vitest";
import { decodeEcPublicKey, decodeIdentityKey, decodeKemPublicKey, verifyEd25519, verifyXEdDSA } from "@/server/contract/signatures";
import { mutations } from "@/server/contract/statements/mutate-bytes";
import { testRuns } from "@/server/testing/test-runs";
import { isFirstMessage, pqxdh } from "./pqxdh";
import { createWriter, decodeStrictly } from "./protobuf";
import {
  decodeIdentityKeyPair,
  decodeKemPrekey,
  decodeOneTimePrekey,
  decodeSessionRecord,
  decodeSignedPrekey,
  encodeIdentityKeyPair,
  encodeKemPrekey,
  encodeOneTimePrekey,
  encodeSessionRecord,
  encodeSignedPrekey,
} from "./record-codec";
import { formatRecoveryKey, parseRecoveryKey } from "./recovery-key";
import { archiveSessions, type SessionRecord } from "./session-state";
import { createDevice, type Device, peek, receive, send, start } from "./testing/device";

const timeout = 60_000 * Math.ceil(testRuns());
/** Bytes that have nothing of the format, beside those that were a sample once. */
const NOISE = [new Uint8Array(64).fill(0xff), Uint8Array.from({ length: 200 }, (_, i) => (i * 197) & 255)];

const recordOf = (device: Device, peer: Device) => device.store.records.get(peer.name) as SessionRecord;

/** Devices with sessions in every state, and messages of both types. */
function makeSamples() {
  const [alice, bob] = [createDevice({ name: "fuzz alice" }), createDevice({ name: "fuzz bob", oneTime: 2 })];
  const first = send(alice, bob, "first");
  const unacknowledged = recordOf(alice, bob);
  receive(bob, alice, first);
  send(bob, alice, "late");
  receive(alice, bob, send(bob, alice, "on time"));
  receive(bob, alice, send(alice, bob, "turn"));
  receive(alice, bob, send(bob, alice, "turn"));
  const ratchet = send(bob, alice, "next");
  const answered = recordOf(alice, bob);
  start(alice, bob);
  const restarted = recordOf(alice, bob);
  const records = [unacknowledged, answered, restarted, archiveSessions(restarted)].map(encodeSessionRecord);
  return { alice, bob, records, first, ratchet };
}
const { alice, bob, records, first, ratchet } = makeSamples();
const [carol, dave] = [createDevice({ name: "fuzz carol" }), createDevice({ name: "fuzz dave" })];

function reencodedMessage(bytes: Uint8Array): Uint8Array | null {
  const decoded = pqxdh.decode(bytes);
  if (!decoded.ok) return null;
  expect(isFirstMessage(bytes)).toBe(decoded.message.header !== null);
  return pqxdh.encode({ ...decoded.message, previousLength: decoded.message.previousLength ?? 0 }, () => decoded.message.mac);
}

/** Two fields of each form. */
function reencodedFields(bytes: Uint8Array): Uint8Array | null {
  const max = Number.MAX_SAFE_INTEGER;
  const value = decodeStrictly(bytes, (reader) => ({
    number: reader.varint(1, max),
    optionalNumber: reader.optionalVarint(2, max),
    optionalBytes: reader.optionalBytes(3, 0, 50),
    list: reader.repeatedBytes(4, 5, 50),
    last: reader.bytes(5, 2, 50),
  }));
  return value && encodeFields(value);
}

function encodeFields(value: {
  number: number;
  optionalNumber: number | null;
  optionalBytes: Uint8Array | null;
  list: Uint8Array[];
  last: Uint8Array;
}): Uint8Array {
  const writer = createWriter();
  writer.varint(1, value.number);
  writer.varint(2, value.optionalNumber);
  writer.bytes(3, value.optionalBytes);
  for (const each of value.list) writer.bytes(4, each);
  writer.bytes(5, value.last);
  return writer.finish();
}

function reencoded<Value>(decode: (bytes: Uint8Array) => Value | null, encode: (value: Value) => Uint8Array) {
  return (bytes: Uint8Array) => {
    const value = decode(bytes);
    return value && encode(value);
  };
}

const [signed, oneTime, kem] = [bob.store.signed.get(1), [...bob.store.oneTime.values()][0], bob.store.kem.get(2)];
if (!signed || !oneTime || !kem) throw new Error("a prekey is missing");
const fields = { number: 300, optionalNumber: 2 ** 40, optionalBytes: new Uint8Array(3), list: NOISE.map((one) => one.slice(0, 9)) };
const bundle = createDevice({ name: "fuzz bundle" }).claimBundle();
const kemKey = bundle.kemPrekey?.publicKey ?? new Uint8Array();

type Decoder = { name: string; samples: Uint8Array[]; reencode: (bytes: Uint8Array) => Uint8Array | null };
const DECODERS: Decoder[] = [
  { name: "messages", samples: [first, ratchet], reencode: reencodedMessage },
  { name: "fields", samples: [encodeFields({ ...fields, last: new Uint8Array(2) })], reencode: reencodedFields },
  { name: "session records", samples: records, reencode: reencoded(decodeSessionRecord, encodeSessionRecord) },
  {
    name: "identity key pairs",
    samples: [encodeIdentityKeyPair(bob.local.identity)],
    reencode: reencoded(decodeIdentityKeyPair, encodeIdentityKeyPair),
  },
  { name: "signed prekeys", samples: [encodeSignedPrekey(signed)], reencode: reencoded(decodeSignedPrekey, encodeSignedPrekey) },
  { name: "one-time prekeys", samples: [encodeOneTimePrekey(oneTime)], reencode: reencoded(decodeOneTimePrekey, encodeOneTimePrekey) },
  { name: "KEM prekeys", samples: [encodeKemPrekey(kem)], reencode: reencoded(decodeKemPrekey, encodeKemPrekey) },
  { name: "X25519 public keys", samples: [bundle.signedPrekey.publicKey], reencode: decodeEcPublicKey },
  { name: "identity keys", samples: [bob.local.identity.publicKey], reencode: decodeIdentityKey },
  { name: "ML-KEM public keys", samples: [kemKey], reencode: decodeKemPublicKey },
];

describe("broken bytes are refused without an exception, or are what the encoder writes", () => {
  it.each(DECODERS)("$name", { timeout }, ({ samples, reencode }) => {
    for (const sample of samples) expect(reencode(sample)).toEqual(sample);
    let taken = 0;
    for (const bytes of mutations([...samples, ...samples, ...samples, ...NOISE], 3_000 * testRuns())) {
      const again = reencode(bytes);
      if (again === null) continue;
      taken++;
      if (Buffer.compare(again, bytes) !== 0) expect(again).toEqual(bytes);
    }
    expect(taken).toBeGreaterThan(10);
  });

  it("recovery keys", { timeout }, () => {
    const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
    const written = formatRecoveryKey(NOISE[1]?.slice(0, 32) as Uint8Array);
    let taken = 0;
    for (const bytes of mutations([Buffer.from(written), Buffer.from(written.toLowerCase())], 3_000 * testRuns())) {
      const parsed = parseRecoveryKey(text(bytes));
      if (!parsed.ok) continue;
      taken++;
      expect(parseRecoveryKey(formatRecoveryKey(parsed.bytes))).toEqual(parsed);
    }
    expect(taken).toBeGreaterThan(10);
  });
});

describe("broken messages", () => {
  const isNamed = /^(identity_mismatch|malformed|unsupported_version|bad_key|no_session|unknown_prekey|duplicate|too_far_ahead|bad_mac)$/;

  it.each([
    { name: "first messages", message: send(carol, dave, "hello"), to: dave, from: carol },
    { name: "ratchet messages", message: ratchet, to: alice, from: bob },
  ])("never open and never throw: $name", { timeout }, ({ message, to, from }) => {
    expect(peek(to, from, message).ok).toBe(true);
    for (const bytes of mutations([message], 200 * testRuns(), 3)) {
      if (Buffer.compare(bytes, message) === 0) continue;
      const opened = peek(to, from, bytes);
      expect(opened.ok ? "opened" : opened.reason).toMatch(isNamed);
    }
  });

  it("never verify and never throw: signatures, in both schemes", { timeout }, () => {
    const { publicKey, signature } = bundle.signedPrekey;
    const parts = [publicKey, publicKey.subarray(1), signature, new Uint8Array(32), new Uint8Array(64), ...NOISE];
    const broken = [...mutations(parts, 900 * testRuns(), 4)];
    for (let at = 0; at + 2 < broken.length; at += 3) {
      const [key, message, other] = broken.slice(at, at + 3) as [Uint8Array, Uint8Array, Uint8Array];
      expect([verifyEd25519(key, message, other), verifyXEdDSA(key, message, other)]).toEqual([false, false]);
      expect([verifyXEdDSA(publicKey, message, signature), verifyXEdDSA(publicKey, message, other)]).toEqual([false, false]);
    }
  });
});
