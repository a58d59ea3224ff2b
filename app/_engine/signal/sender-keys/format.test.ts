/** The product's format of sender keys, assembled a second time by Node's own cryptography and plain concatenation, and frozen. */
import crypto from "node:crypto";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { expect, it } from "vitest";
import { montgomeryToEdwards, signXEdDSA } from "@/server/contract/signatures";
import { seededRandom } from "../testing/device";
import { createGroupMember } from "../testing/group-member";

const hmac = (key: Uint8Array, byte: number) => crypto.createHmac("sha256", key).update(Uint8Array.of(byte)).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const field = (number: number, bytes: Uint8Array) => concatBytes(Uint8Array.of(number * 8 + 2, bytes.length), bytes);
/** Protocol Buffers' varint field. */
function varintField(number: number, value: number): Uint8Array {
  const bytes = [number * 8];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}

/** Alice's distribution at her key's first step, and three messages. */
function makeEntry() {
  const alice = createGroupMember({ name: "vector alice", chat: "vector chat" });
  const { current } = alice.rotate();
  if (current === null) throw new Error("no key");
  const texts = ["see you at eight", "", "or later: half past nine, by the river"];
  const random = seededRandom("vector alice in vector chat");
  random(64); // chain key and signing key
  const drawn = texts.map(() => random(64));
  return { alice, current, distribution: alice.distribution(), texts, messages: texts.map((text) => alice.send(text)), drawn };
}

function encryptByNode(chainKey: Uint8Array, text: string): Uint8Array {
  const keys = new Uint8Array(
    crypto.hkdfSync("sha256", hmac(chainKey, 1), new Uint8Array(32), utf8ToBytes("Parley group message keys v1"), 48),
  );
  const cipher = crypto.createCipheriv("aes-256-cbc", keys.subarray(16), keys.subarray(0, 16));
  return concatBytes(cipher.update(utf8ToBytes(text)), cipher.final());
}

function verifiesByNode(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const spki = concatBytes(hexToBytes("302a300506032b6570032100"), publicKey);
  return crypto.verify(null, message, crypto.createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }), signature);
}

it("hands out chat, user, device, key id, step, chain key and signing key", () => {
  const { alice, current, distribution } = makeEntry();
  const { chatId, userId, deviceId } = alice.context;
  expect(hex(distribution)).toBe(
    hex(
      concatBytes(
        Uint8Array.of(0x51, 4),
        field(1, chatId),
        field(2, userId),
        field(3, deviceId),
        varintField(4, current.keyId),
        varintField(5, 0),
        field(6, current.next.chainKey),
        field(7, current.signing.publicKey),
      ),
    ),
  );
});

it("encrypts under keys of the chain, and signs label, chat, user, device and message", () => {
  const { alice, current, texts, messages, drawn } = makeEntry();
  const { chatId, userId, deviceId } = alice.context;
  let chainKey: Uint8Array = current.next.chainKey;
  for (const [iteration, message] of messages.entries()) {
    const ciphertext = encryptByNode(chainKey, texts[iteration] as string);
    const authenticated = concatBytes(
      Uint8Array.of(0x51, 3),
      varintField(1, current.keyId),
      varintField(2, iteration),
      field(3, ciphertext),
    );
    expect(hex(message.subarray(0, -64))).toBe(hex(authenticated));
    const input = concatBytes(utf8ToBytes("Parley group message v1\0"), chatId, userId, deviceId, authenticated);
    expect(hex(message.subarray(-64))).toBe(hex(signXEdDSA(current.signing.privateKey, input, () => drawn[iteration] as Uint8Array)));
    expect(verifiesByNode(montgomeryToEdwards(current.signing.publicKey), input, message.subarray(-64))).toBe(true);
    chainKey = hmac(chainKey, 2);
  }
});

it("keeps its bytes: a sender key entry", async () => {
  const { alice, current, distribution, texts, messages, drawn } = makeEntry();
  const { chatId, userId, deviceId } = alice.context;
  const entry = {
    chatId: hex(chatId),
    userId: hex(userId),
    deviceId: hex(deviceId),
    signingPrivateKey: hex(current.signing.privateKey),
    chainKey: hex(current.next.chainKey),
    distribution: hex(distribution),
    messages: messages.map((message, n) => ({ text: texts[n], signatureRandom: hex(drawn[n] as Uint8Array), message: hex(message) })),
  };
  await expect(`${JSON.stringify(entry, null, 2)}\n`).toMatchFileSnapshot("../testing/vectors/sender-key-entry.json");
  const bob = createGroupMember({ name: "vector bob" });
  expect(bob.take(alice, hexToBytes(entry.distribution))).toBe("ok");
  for (const { text, message } of entry.messages) expect(bob.read(alice, hexToBytes(message))).toBe(text);
});
