/** The bytes of prekey statements, manifests, chat ids and the audience hash of an individual chat: assembled a second time, and frozen
 *  with everything that somebody needs to make them again. */
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { PublicKey } from "@signalapp/libsignal-client";
import { expect, test } from "vitest";
import { cbor, labelled, sha256, sign } from "../../testing/statement-assembly";
import { uuidToBytes } from "../encodings";
import { clamp, ecPublicKey, ed25519PublicKey, type PrekeyKind, prekeySigningInput, signXEdDSA, verifyXEdDSA } from "../signatures";
import { audienceHash } from "./audience";
import { individualChatId } from "./chat-id";
import type { ManifestDevice, ParsedManifest } from "./manifest";
import { encodeManifestEntry } from "./manifest-entry";
import { nextManifest, pinOf } from "./manifest-pin";
import { accountSecret, device, firstOf, fixedBytes, fixedUserId, publish, recoverySecret, START_MS } from "./test-account";

const [alice, bob] = [fixedUserId("alice"), fixedUserId("bob")];
const ids = [alice, bob].map(uuidToBytes) as [Uint8Array, Uint8Array];
const hex = bytesToHex;

function freeze(name: string, vector: unknown): Promise<void> {
  return expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot(`./vectors/${name}.json`);
}

/** XEdDSA's signatures are random: OpenSSL can't make them, and Signal's library verifies them. */
function verifyByLibsignal(identityKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return PublicKey.deserialize(Buffer.from(identityKey)).verify(Buffer.from(message), Buffer.from(signature));
}

test("prekey statements keep their bytes", async () => {
  const identityPrivateKey = clamp(fixedBytes("an identity key"));
  const identityKey = ecPublicKey(identityPrivateKey);
  const kinds: [PrekeyKind, number, Uint8Array][] = [
    ["signed_prekey", 1, ecPublicKey(clamp(fixedBytes("a signed prekey")))],
    ["kem_one_time", 2, concatBytes(Uint8Array.of(8), new Uint8Array(1_568).fill(0x1a))],
    ["kem_last_resort", 3, concatBytes(Uint8Array.of(8), new Uint8Array(1_568).fill(0x1b))],
  ];
  const statements = kinds.map(([kind, kindByte, publicKey]) => {
    const keyId = 0x7fff_0000 + kindByte;
    const numbers = Buffer.alloc(13);
    numbers.writeUInt8(kindByte);
    numbers.writeUInt32BE(keyId, 1);
    numbers.writeBigUInt64BE(BigInt(START_MS), 5);
    const signed = labelled("parley prekey v1", numbers, publicKey);
    expect(hex(prekeySigningInput(kind, keyId, START_MS, publicKey))).toBe(hex(signed));
    const signature = signXEdDSA(identityPrivateKey, signed, (lengthBytes) => new Uint8Array(lengthBytes).fill(kindByte));
    expect([verifyXEdDSA(identityKey, signed, signature), verifyByLibsignal(identityKey, signed, signature)]).toEqual([true, true]);
    return { kind, keyId, createdAtMs: START_MS, publicKey: hex(publicKey), signedSha256: hex(sha256(signed)), signature: hex(signature) };
  });
  await freeze("prekeys", { identityPrivateKey: hex(identityPrivateKey), identityKey: hex(identityKey), statements });
});

test("ids of individual chats keep their bytes", async () => {
  const [lower, higher] = [...ids].sort(Buffer.compare) as [Uint8Array, Uint8Array];
  const chat = (first: Uint8Array, second: Uint8Array) => sha256(labelled("parley individual chat v1", first, second)).subarray(0, 16);
  expect(hex(uuidToBytes(individualChatId(alice, bob)))).toBe(hex(chat(lower, higher)));
  expect(hex(uuidToBytes(individualChatId(bob, bob)))).toBe(hex(chat(ids[1], ids[1])));
  await freeze("chat-ids", {
    individual: { userId: hex(ids[0]), otherUserId: hex(ids[1]), chatId: hex(chat(lower, higher)) },
    own: { userId: hex(ids[1]), chatId: hex(chat(ids[1], ids[1])) },
  });
});

/** Alice's first manifest; the second adds a device; the third drops the first device, under new keys, confirmed by the old recovery key. */
function threeManifests(): [ParsedManifest, ParsedManifest, ParsedManifest] {
  const one = publish("alice", firstOf("alice"));
  const devices = [device("alice", 1), device("alice", 2)];
  const two = publish("alice", nextManifest(pinOf(one), { devices, issuedAtMs: START_MS + 1_000 }));
  const rotated = nextManifest(pinOf(two), {
    devices: [device("alice", 2)],
    accountKey: ed25519PublicKey(accountSecret("alice", 2)),
    recoveryPublicKey: ed25519PublicKey(recoverySecret("alice", 2)),
    issuedAtMs: START_MS + 2_000,
  });
  return [one, two, publish("alice", rotated, recoverySecret("alice", 1))];
}

test("manifests 1, 2 and generation 2 keep their bytes, signatures and hashes", async () => {
  const parsed = threeManifests();
  let previousHash: Uint8Array | null = null;
  const manifests = parsed.map(({ manifest, signed, hash }) => {
    const { generation, version, issuedAtMs } = manifest;
    const wireDevice = ({ deviceId, ...rest }: ManifestDevice) => ({ deviceId: uuidToBytes(deviceId), ...rest });
    const bytes = cbor({
      ...{ v: 1, userId: ids[0], username: "alice", generation, version, previousHash, issuedAtMs },
      accountKey: ed25519PublicKey(accountSecret("alice", generation)),
      recoveryPublicKey: ed25519PublicKey(recoverySecret("alice", generation)),
      devices: manifest.devices.map(wireDevice),
    });
    const signature = sign(accountSecret("alice", generation), labelled("parley manifest v1", bytes));
    const recoverySignature = version === 3 ? sign(recoverySecret("alice", 1), labelled("parley manifest recovery v1", bytes)) : null;
    expect(hex(signed.manifest)).toBe(hex(bytes));
    expect(hex(signed.signature)).toBe(hex(signature));
    expect(signed.recoverySignature && hex(signed.recoverySignature)).toBe(recoverySignature && hex(recoverySignature));
    previousHash = sha256(labelled("parley manifest hash v1", bytes));
    expect(hex(hash)).toBe(hex(previousHash));
    for (const { deviceId, identityKey, deviceSignature } of manifest.devices) {
      const place = labelled("parley device v1", ids[0], uuidToBytes(deviceId), identityKey);
      expect(verifyByLibsignal(identityKey, place, deviceSignature)).toBe(true);
    }
    const accountSecretKey = hex(accountSecret("alice", generation));
    const recoverySecretKey = hex(recoverySecret("alice", generation));
    const signatures = { signature: hex(signature), recoverySignature: recoverySignature && hex(recoverySignature) };
    return { generation, version, accountSecretKey, recoverySecretKey, manifest: hex(bytes), ...signatures, hash: hex(previousHash) };
  });
  const identityPrivateKeys = [1, 2].map((number) => hex(clamp(fixedBytes(`alice's identity key ${number}`))));
  await freeze("manifests", { userId: hex(ids[0]), username: "alice", identityPrivateKeys, manifests });
});

test("manifest entries and the audience hash of an individual chat keep their bytes", async () => {
  const chatId = individualChatId(alice, bob);
  const [, , rotated] = threeManifests();
  const bobs = publish("bob", firstOf("bob"));
  const members = [rotated, bobs].map(({ manifest, hash }) => ({
    ...{ userId: manifest.userId, accountKey: manifest.accountKey, generation: manifest.generation, version: manifest.version, hash },
  }));
  const entries = members.map(({ userId, generation, version, hash }) => {
    const statement = cbor({ v: 1, userId: uuidToBytes(userId), generation, version, hash });
    expect(hex(encodeManifestEntry({ v: 1, userId, generation, version, hash }))).toBe(hex(statement));
    return hex(statement);
  });
  const lines = members.map((member) => ({ ...member, userId: uuidToBytes(member.userId) }));
  const sorted = lines.sort((a, b) => Buffer.compare(a.userId, b.userId));
  const hash = sha256(labelled("parley audience v1", cbor({ chatId: uuidToBytes(chatId), members: sorted })));
  expect(hex(audienceHash(chatId, members))).toBe(hex(hash));
  const memberVectors = sorted.map((member) => ({
    ...{ userId: hex(member.userId), accountKey: hex(member.accountKey) },
    ...{ generation: member.generation, version: member.version, hash: hex(member.hash) },
  }));
  await freeze("audience", { chatId: hex(uuidToBytes(chatId)), manifestEntries: entries, members: memberVectors, audienceHash: hex(hash) });
});
