/** The product's sessions, assembled a second time by Node's own cryptography and plain concatenation, and frozen: a first message with
 *  and without one-time prekeys, the answer to it, and two messages after that. */
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, it } from "vitest";
import { clamp, type Random } from "@/server/contract/signatures";
import { encrypt } from "./encrypt";
import { startSession } from "./start-session";
import { createDevice, type Device, NOW_MS, peek, receive } from "./testing/device";
import {
  assembleMessage,
  bytesField,
  diffieHellman,
  hkdf,
  lengthPrefixed,
  publicOf,
  ratchetStep,
  sha256,
  u32,
  varintField,
} from "./testing/second-assembly";

/** A device whose random draws are written down. */
function withDraws(device: Device): { random: Random; drawn: Uint8Array[] } {
  const drawn: Uint8Array[] = [];
  const random: Random = (length) => {
    const bytes = device.random(length);
    drawn.push(bytes.slice());
    return bytes;
  };
  return { random, drawn };
}

/** Encrypts in the session that `from` has stored, and stores the next. */
function encryptStored(from: Device, to: Device, text: string, random: Random): Uint8Array {
  const record = from.store.records.get(to.name) ?? null;
  const sent = encrypt({ remote: to.remoteView, record, plaintext: utf8ToBytes(text), nowMs: NOW_MS, random });
  if (!sent.ok) throw new Error(sent.reason);
  from.store.records.set(to.name, sent.record);
  return sent.message;
}

const TEXTS = ["see you at eight", "make it nine", "nine, then", "until then"] as const;

/** Alice starts with Bob and says one thing, Bob answers, Alice says two more: everything random is recorded. */
function talkAndRecord(withOneTime: boolean) {
  const alice = createDevice({ name: "vector alice" });
  const bob = createDevice({ name: "vector bob", oneTime: withOneTime ? 1 : 0, kemOneTime: withOneTime ? 1 : 0 });
  const bundle = bob.claimBundle();
  const [byAlice, byBob] = [withDraws(alice), withDraws(bob)];
  const { local } = alice;
  const started = startSession({ local, remote: bob.remoteView, bundle, record: null, nowMs: NOW_MS, random: byAlice.random });
  if (!started.ok) throw new Error(started.reason);
  alice.store.records.set(bob.name, started.record);
  const first = encryptStored(alice, bob, TEXTS[0], byAlice.random);
  const opened = peek(bob, alice, first);
  // What the keys are named by is spent when the first message is stored.
  const prekeys = {
    signed: bob.store.signed.get(1),
    oneTime: bundle.oneTimePrekey && bob.store.oneTime.get(bundle.oneTimePrekey.keyId),
    kem: bob.store.kem.get(bundle.kemPrekey?.keyId ?? 0),
  };
  expect(receive(bob, alice, first)).toBe(TEXTS[0]);
  const answer = encryptStored(bob, alice, TEXTS[1], byBob.random);
  expect(receive(alice, bob, answer)).toBe(TEXTS[1]);
  const replies = [encryptStored(alice, bob, TEXTS[2], byAlice.random), encryptStored(alice, bob, TEXTS[3], byAlice.random)];
  expect(replies.map((message) => receive(bob, alice, message))).toEqual([TEXTS[2], TEXTS[3]]);
  const [base, kemRandom, ratchet, nextRatchet] = byAlice.drawn as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return {
    ...{ alice, bob, bundle, prekeys, opened, kemRandom },
    messages: [first, answer, ...replies],
    base: clamp(base),
    ratchets: { alice: clamp(ratchet), bob: clamp(byBob.drawn[0] as Uint8Array), aliceNext: clamp(nextRatchet) },
  };
}
type Recorded = ReturnType<typeof talkAndRecord>;

/** The secret and the associated data, from private keys of the initiator and public ones of the responder. */
function assembleHandshake({ alice, bob, bundle, base, kemRandom }: Recorded, withOneTime: boolean) {
  const kemKey = bundle.kemPrekey?.publicKey ?? new Uint8Array();
  const { cipherText: kemCiphertext, sharedSecret } = ml_kem1024.encapsulate(kemKey.subarray(1), kemRandom);
  const oneTime = bundle.oneTimePrekey;
  const input = concatBytes(
    new Uint8Array(32).fill(0xff),
    diffieHellman(alice.local.identity.privateKey, bundle.signedPrekey.publicKey),
    diffieHellman(base, bob.local.identity.publicKey),
    diffieHellman(base, bundle.signedPrekey.publicKey),
    ...(withOneTime && oneTime ? [diffieHellman(base, oneTime.publicKey)] : []),
    sharedSecret,
  );
  const secret = hkdf(input, new Uint8Array(32), "Parley_PQXDH_CURVE25519_SHA-256_ML-KEM-1024", 32);
  const none = new Uint8Array(0);
  const associatedData = concatBytes(
    ...[
      utf8ToBytes("Parley session v1"),
      alice.local.identity.publicKey,
      bob.local.identity.publicKey,
      alice.local.userId,
      alice.local.deviceId,
      bob.local.userId,
      bob.local.deviceId,
      publicOf(base),
      u32(1),
      bundle.signedPrekey.publicKey,
      withOneTime ? u32(100) : none,
      withOneTime && oneTime ? oneTime.publicKey : none,
      u32(withOneTime ? 200 : 2),
      kemKey,
      kemCiphertext,
    ].map(lengthPrefixed),
  );
  return { secret, associatedData, kemCiphertext };
}

function assembleMessages(recorded: Recorded, withOneTime: boolean): Uint8Array[] {
  const { alice, bundle, base, ratchets } = recorded;
  const { secret, associatedData, kemCiphertext } = assembleHandshake(recorded, withOneTime);
  const first = ratchetStep(secret, ratchets.alice, bundle.signedPrekey.publicKey);
  const answer = ratchetStep(first.rootKey, ratchets.bob, publicOf(ratchets.alice));
  const reply = ratchetStep(answer.rootKey, ratchets.aliceNext, publicOf(ratchets.bob));
  const fields = [
    bytesField(5, alice.local.identity.publicKey),
    bytesField(6, publicOf(base)),
    varintField(7, 1),
    ...(withOneTime ? [varintField(8, 100)] : []),
    varintField(9, withOneTime ? 200 : 2),
    bytesField(10, kemCiphertext),
  ];
  return [
    { chainKey: first.chainKey, ratchetKey: publicOf(ratchets.alice), counter: 0, previousLength: 0, fields },
    { chainKey: answer.chainKey, ratchetKey: publicOf(ratchets.bob), counter: 0, previousLength: 0 },
    { chainKey: reply.chainKey, ratchetKey: publicOf(ratchets.aliceNext), counter: 0, previousLength: 1 },
    { chainKey: reply.chainKey, ratchetKey: publicOf(ratchets.aliceNext), counter: 1, previousLength: 1 },
  ].map((parts, index) =>
    assembleMessage({
      ...parts,
      type: index === 0 ? 2 : 1,
      plaintext: utf8ToBytes(TEXTS[index] as string),
      associatedDataSha256: sha256(associatedData),
    }),
  );
}

const hex = (bytes: Uint8Array | undefined) => bytesToHex(bytes ?? new Uint8Array());

function vectorOf(recorded: Recorded, withOneTime: boolean) {
  const { alice, bob, bundle, prekeys, base, kemRandom, ratchets } = recorded;
  const { secret, associatedData } = assembleHandshake(recorded, withOneTime);
  const [message, ...later] = assembleMessages(recorded, withOneTime);
  const device = ({ local }: Device) => ({
    userId: hex(local.userId),
    deviceId: hex(local.deviceId),
    identityPrivateKey: hex(local.identity.privateKey),
    identityPublicKey: hex(local.identity.publicKey),
  });
  return {
    initiator: {
      ...device(alice),
      basePrivateKey: hex(base),
      kemRandom: hex(kemRandom),
      ratchetPrivateKey: hex(ratchets.alice),
    },
    responder: {
      ...device(bob),
      signedPrekeyId: 1,
      signedPrekeyCreatedAtMs: NOW_MS,
      signedPrekeyPrivateKey: hex(prekeys.signed?.keyPair.privateKey),
      signedPrekeySignature: hex(bundle.signedPrekey.signature),
      oneTimePrekeyId: bundle.oneTimePrekey?.keyId ?? null,
      oneTimePrekeyPrivateKey: prekeys.oneTime ? hex(prekeys.oneTime.keyPair.privateKey) : null,
      kemPrekeyId: prekeys.kem?.keyId,
      kemPrekeyKind: prekeys.kem?.kind,
      kemPrekeySeed: hex(prekeys.kem?.seed),
      kemPrekeySignature: hex(bundle.kemPrekey?.signature),
    },
    derivedSecret: hex(secret),
    associatedDataSha256: hex(sha256(associatedData)),
    plaintext: hex(utf8ToBytes(TEXTS[0])),
    message: hex(message),
    later: [ratchets.bob, ratchets.aliceNext, ratchets.aliceNext].map((ratchetPrivateKey, index) => ({
      from: index === 0 ? "responder" : "initiator",
      ratchetPrivateKey: hex(ratchetPrivateKey),
      plaintext: hex(utf8ToBytes(TEXTS[index + 1] as string)),
      message: hex(later[index]),
    })),
  };
}

describe.each([
  [true, "one-time"],
  [false, "last-resort"],
] as const)("with one-time prekeys: %s", (withOneTime, name) => {
  const recorded = talkAndRecord(withOneTime);

  it("makes the bytes that a second assembly makes: first message, answer, and two messages in the chain after it", () => {
    expect(recorded.messages.map(hex)).toEqual(assembleMessages(recorded, withOneTime).map(hex));
  });

  it("remembers SHA-256 of the label and the derived secret", () => {
    const { secret } = assembleHandshake(recorded, withOneTime);
    const firstMessageDigest = hex(sha256(concatBytes(utf8ToBytes("Parley first message v1\0"), secret)));
    expect(recorded.opened).toMatchObject({ ok: true, plaintext: utf8ToBytes(TEXTS[0]), used: { firstMessageDigest } });
  });

  it("keeps its bytes", async () => {
    const vector = `${JSON.stringify(vectorOf(recorded, withOneTime), null, 2)}\n`;
    await expect(vector).toMatchFileSnapshot(`./testing/vectors/pqxdh-${name}.json`);
  });
});
