/** The product's format, assembled a second time by Node's own cryptography and plain concatenation, and frozen. */
import crypto from "node:crypto";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, it } from "vitest";
import { SIGNED_PREKEY_MAX_AGE_MS } from "@/server/contract/limits";
import { clamp, type Random, verifyXEdDSA } from "@/server/contract/signatures";
import { encrypt } from "./encrypt";
import { isFirstMessage, pqxdh } from "./pqxdh";
import { MAX_PREKEY_AGE_MS } from "./session-state";
import { startSession } from "./start-session";
import { createDevice, type Device, NOW_MS, peek, receive, send, trySend } from "./testing/device";

const ascii = utf8ToBytes;
const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
  crypto
    .createHmac("sha256", key)
    .update(concatBytes(...parts))
    .digest();
const sha256 = (bytes: Uint8Array) => crypto.createHash("sha256").update(bytes).digest();
const hkdf = (input: Uint8Array, salt: Uint8Array, info: string, length: number) =>
  new Uint8Array(crypto.hkdfSync("sha256", input, salt, ascii(info), length));

/** X25519 by OpenSSL. */
function diffieHellman(privateKey: Uint8Array, publicKey33: Uint8Array): Uint8Array {
  const pkcs8 = concatBytes(hexToBytes("302e020100300506032b656e04220420"), privateKey);
  const spki = concatBytes(hexToBytes("302a300506032b656e032100"), publicKey33.subarray(1));
  return crypto.diffieHellman({
    privateKey: crypto.createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" }),
    publicKey: crypto.createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }),
  });
}

function publicOf(privateKey: Uint8Array): Uint8Array {
  const pkcs8 = concatBytes(hexToBytes("302e020100300506032b656e04220420"), privateKey);
  const key = crypto.createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const spki = crypto.createPublicKey(key).export({ format: "der", type: "spki" });
  return concatBytes(Uint8Array.of(5), spki.subarray(-32));
}

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);
const u32 = (value: number) => Uint8Array.of(0, 0, value >> 8, value & 255);
const field = (bytes: Uint8Array) => concatBytes(u16(bytes.length), bytes);
/** Protocol Buffers' varint, for numbers of up to 14 bits. */
const varint = (value: number) => (value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, value >> 7));

/** Alice starts with Bob and says one thing; everything random is recorded. */
function startAndRecord(withOneTime: boolean) {
  const alice = createDevice({ name: "vector alice" });
  const bob = createDevice({ name: "vector bob", oneTime: withOneTime ? 1 : 0, kemOneTime: withOneTime ? 1 : 0 });
  const bundle = bob.claimBundle();
  const drawn: Uint8Array[] = [];
  const random: Random = (length) => {
    const bytes = alice.random(length);
    drawn.push(bytes.slice());
    return bytes;
  };
  const { local } = alice;
  const started = startSession({ local, remote: bob.remoteView, bundle, record: null, nowMs: NOW_MS, random });
  if (!started.ok) throw new Error(started.reason);
  const plaintext = ascii("see you at eight");
  const sent = encrypt({ remote: bob.remoteView, record: started.record, plaintext, nowMs: NOW_MS, random });
  if (!sent.ok) throw new Error(sent.reason);
  const [base, kemRandom, ratchet] = drawn as [Uint8Array, Uint8Array, Uint8Array];
  return { alice, bob, bundle, plaintext, message: sent.message, base: clamp(base), kemRandom, ratchet: clamp(ratchet) };
}

type Recorded = ReturnType<typeof startAndRecord>;

function assembleSecret({ alice, bob, bundle, base, kemRandom }: Recorded, withOneTime: boolean) {
  const kemKey = bundle.kemPrekey?.publicKey ?? new Uint8Array();
  const { cipherText, sharedSecret } = ml_kem1024.encapsulate(kemKey.subarray(1), kemRandom);
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
    field(ascii("Parley session v1")),
    field(alice.local.identity.publicKey),
    field(bob.local.identity.publicKey),
    field(alice.local.userId),
    field(alice.local.deviceId),
    field(bob.local.userId),
    field(bob.local.deviceId),
    field(publicOf(base)),
    field(u32(1)),
    field(bundle.signedPrekey.publicKey),
    field(withOneTime ? u32(100) : none),
    field(withOneTime && oneTime ? oneTime.publicKey : none),
    field(u32(withOneTime ? 200 : 2)),
    field(kemKey),
    field(cipherText),
  );
  return { secret, associatedData, kemCiphertext: cipherText };
}

function assembleMessage(recorded: Recorded, withOneTime: boolean) {
  const { alice, bundle, base, ratchet, plaintext } = recorded;
  const { secret, associatedData, kemCiphertext } = assembleSecret(recorded, withOneTime);
  const chainKey = hkdf(diffieHellman(ratchet, bundle.signedPrekey.publicKey), secret, "Parley ratchet v1", 64).subarray(32);
  const keys = hkdf(hmac(chainKey, Uint8Array.of(1)), new Uint8Array(32), "Parley message keys v1", 80);
  const cipher = crypto.createCipheriv("aes-256-cbc", keys.subarray(0, 32), keys.subarray(64));
  const ciphertext = concatBytes(cipher.update(plaintext), cipher.final());
  const authenticated = concatBytes(
    Uint8Array.of(0x51, 2),
    ...[Uint8Array.of(0x0a, 33), publicOf(ratchet)],
    ...[Uint8Array.of(0x10, 0), Uint8Array.of(0x18, 0)],
    ...[Uint8Array.of(0x22, ciphertext.length), ciphertext],
    ...[Uint8Array.of(0x2a, 33), alice.local.identity.publicKey],
    ...[Uint8Array.of(0x32, 33), publicOf(base)],
    ...[Uint8Array.of(0x38), varint(1)],
    ...(withOneTime ? [Uint8Array.of(0x40), varint(100)] : []),
    ...[Uint8Array.of(0x48), varint(withOneTime ? 200 : 2)],
    ...[Uint8Array.of(0x52), varint(1_568), kemCiphertext],
  );
  const mac = hmac(keys.subarray(32, 64), sha256(associatedData), authenticated).subarray(0, 16);
  return { secret, associatedData, message: concatBytes(authenticated, mac) };
}

function vectorOf(recorded: Recorded, withOneTime: boolean) {
  const { alice, bob, bundle, base, kemRandom, ratchet, plaintext } = recorded;
  const { secret, associatedData, message } = assembleMessage(recorded, withOneTime);
  const signed = bob.store.signed.get(1);
  const kem = bob.store.kem.get(bundle.kemPrekey?.keyId ?? 0);
  const oneTime = bundle.oneTimePrekey && bob.store.oneTime.get(bundle.oneTimePrekey.keyId);
  const device = ({ local }: Device) => ({
    userId: bytesToHex(local.userId),
    deviceId: bytesToHex(local.deviceId),
    identityPrivateKey: bytesToHex(local.identity.privateKey),
    identityPublicKey: bytesToHex(local.identity.publicKey),
  });
  return {
    initiator: {
      ...device(alice),
      basePrivateKey: bytesToHex(base),
      kemRandom: bytesToHex(kemRandom),
      ratchetPrivateKey: bytesToHex(ratchet),
    },
    responder: {
      ...device(bob),
      signedPrekeyId: 1,
      signedPrekeyCreatedAtMs: NOW_MS,
      signedPrekeyPrivateKey: bytesToHex(signed?.keyPair.privateKey ?? new Uint8Array()),
      signedPrekeySignature: bytesToHex(bundle.signedPrekey.signature),
      oneTimePrekeyId: bundle.oneTimePrekey?.keyId ?? null,
      oneTimePrekeyPrivateKey: oneTime ? bytesToHex(oneTime.keyPair.privateKey) : null,
      kemPrekeyId: kem?.keyId,
      kemPrekeyKind: kem?.kind,
      kemPrekeySeed: bytesToHex(kem?.seed ?? new Uint8Array()),
      kemPrekeySignature: bytesToHex(bundle.kemPrekey?.signature ?? new Uint8Array()),
    },
    derivedSecret: bytesToHex(secret),
    associatedDataSha256: bytesToHex(sha256(associatedData)),
    plaintext: bytesToHex(plaintext),
    message: bytesToHex(message),
  };
}

describe.each([
  [true, "one-time"],
  [false, "last-resort"],
] as const)("with one-time prekeys: %s", (withOneTime, name) => {
  const recorded = startAndRecord(withOneTime);

  it("makes the bytes that a second assembly makes", () => {
    const { message } = assembleMessage(recorded, withOneTime);
    expect(bytesToHex(recorded.message)).toBe(bytesToHex(message));
  });

  it("remembers SHA-256 of the label and the derived secret", () => {
    const { secret } = assembleSecret(recorded, withOneTime);
    const opened = peek(recorded.bob, recorded.alice, recorded.message);
    const digest = bytesToHex(sha256(concatBytes(ascii("Parley first message v1\0"), secret)));
    expect(opened).toMatchObject({ ok: true, plaintext: recorded.plaintext, used: { firstMessageDigest: digest } });
  });

  it("keeps its bytes", async () => {
    const vector = `${JSON.stringify(vectorOf(recorded, withOneTime), null, 2)}\n`;
    await expect(vector).toMatchFileSnapshot(`./testing/vectors/pqxdh-${name}.json`);
  });
});

it("signs prekeys over label, kind, id, time and key", () => {
  const bob = createDevice({ name: "bob" });
  const { signedPrekey } = bob.claimBundle();
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(NOW_MS));
  const input = concatBytes(ascii("parley prekey v1\0"), Uint8Array.of(1), u32(1), time, signedPrekey.publicKey);
  expect(verifyXEdDSA(bob.remoteView.identityKey, input, signedPrekey.signature)).toBe(true);
});

it("writes ratchet messages of 0x51, type 1, four fields and 16 bytes of MAC", () => {
  const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
  receive(bob, alice, send(alice, bob, "hello"));
  const message = send(bob, alice, "");
  expect([isFirstMessage(message), isFirstMessage(send(alice, bob, "again").subarray(0, 2)), isFirstMessage(new Uint8Array(0))]).toEqual([
    false,
    true,
    false,
  ]);
  expect([...message.subarray(0, 4)]).toEqual([0x51, 1, 0x0a, 33]);
  // Version and type, ratchet key, counter, previous length, one block of ciphertext, MAC.
  expect(message.length).toBe(2 + 35 + 2 + 2 + 18 + 16);
});

it("reads its own bytes only: trailing, missing, repeated and unsorted fields are malformed", () => {
  const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
  receive(bob, alice, send(alice, bob, "hello"));
  const message = send(bob, alice, "hi");
  const [body, mac] = [message.subarray(2, -16), message.subarray(-16)];
  const header = Uint8Array.of(0x51, 1);
  const [key, counters, ciphertext] = [body.subarray(0, 35), body.subarray(35, 39), body.subarray(39)];
  const reason = (...parts: Uint8Array[]) => {
    const decoded = pqxdh.decode(concatBytes(...parts));
    return decoded.ok ? "ok" : decoded.reason;
  };
  expect(reason(header, key, counters, ciphertext, mac)).toBe("ok");
  expect(reason(header, counters, key, ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, key, counters, ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, counters, mac)).toBe("malformed");
  expect(reason(header, key, counters, ciphertext, Uint8Array.of(0x28, 1), mac)).toBe("malformed");
  expect(reason(header, key, Uint8Array.of(0x10, 0x80, 0, 0x18, 0), ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, counters, ciphertext.subarray(0, -1), mac)).toBe("malformed");
  expect(reason(Uint8Array.of(0x51, 2), body, mac)).toBe("malformed");
  expect(reason(Uint8Array.of(0x51, 3), body, mac)).toBe("unsupported_version");
  expect(reason(Uint8Array.of(0x52, 1), body, mac)).toBe("unsupported_version");
  expect(reason(header)).toBe("malformed");
  expect(reason()).toBe("malformed");
});

it("has the age limit of the contract", () => {
  expect(MAX_PREKEY_AGE_MS).toBe(SIGNED_PREKEY_MAX_AGE_MS);
  expect(trySend(createDevice({ name: "a" }), createDevice({ name: "b" }), "x")).toEqual({ ok: false, reason: "needs_new_session" });
});
