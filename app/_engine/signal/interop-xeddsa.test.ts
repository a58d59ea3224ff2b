/** XEdDSA between this product and Signal's own library.
 *
 *  Signal's library signs by a variant that is older than XEdDSA's specification: it takes the Edwards point of the private key with
 *  whatever sign it has, hashes that point, and puts the sign into the signature's last bit. The specification (and signXEdDSA) makes the
 *  sign 0 by negating the scalar where needed. So ours verify there, and theirs verify here if the sign happens to be 0; the suite of the
 *  tests, x3dh, has a verifier that reads the sign. That library also takes S in a second spelling (S + L), which is refused here. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { PrivateKey, PublicKey } from "@signalapp/libsignal-client";
import { describe, expect, it } from "vitest";
import { clamp, type EcPrivateKey, ecPublicKey, type IdentityPublicKey, signXEdDSA, verifyXEdDSA } from "@/server/contract/signatures";
import { seededRandom } from "./testing/device";
import { x3dh } from "./testing/x3dh";

const { BASE, Fn } = ed25519.Point;
const random = seededRandom("xeddsa");
const messages = [0, 1, 31, 32, 33, 64, 1_000].map((length) => random(length));

/** The same key pair in both libraries. */
function keyPair(privateKey: EcPrivateKey) {
  const publicKey = ecPublicKey(privateKey) as IdentityPublicKey;
  const theirs = PrivateKey.deserialize(Buffer.from(privateKey));
  const isNegative = ((BASE.multiply(Fn.create(toNumber(privateKey))).toBytes()[31] as number) & 0x80) !== 0;
  return { privateKey, publicKey, theirs, isNegative };
}
type KeyPair = ReturnType<typeof keyPair>;

const verifiedThere = ({ publicKey }: KeyPair, message: Uint8Array, signature: Uint8Array) =>
  PublicKey.deserialize(Buffer.from(publicKey)).verify(Buffer.from(message), Buffer.from(signature));
const signedThere = ({ theirs }: KeyPair, message: Uint8Array) => Uint8Array.from(theirs.sign(Buffer.from(message)));
const hasSignBit = (signature: Uint8Array) => ((signature[63] as number) & 0x80) !== 0;

const pairs = Array.from({ length: 8 }, () => keyPair(clamp(random(32))));
const signs = [false, true].map((isNegative) => pairs.filter((pair) => pair.isNegative === isNegative));

it("has the same public key for a private key", () => {
  for (const { publicKey, theirs } of pairs) expect(Uint8Array.from(theirs.getPublicKey().serialize())).toEqual(Uint8Array.from(publicKey));
  expect(signs.every((withSign) => withSign.length > 0)).toBe(true);
});

describe.each([
  ["0", signs[0] as KeyPair[]],
  ["1", signs[1] as KeyPair[]],
] as const)("with keys whose point has sign %s", (sign, [pair]) => {
  if (pair === undefined) throw new Error("no key with this sign");

  it("makes signatures that Signal's library verifies, for that message and key only", () => {
    const [, other] = pairs as [KeyPair, KeyPair];
    for (const message of messages) {
      const signature = signXEdDSA(pair.privateKey, message, random);
      expect(hasSignBit(signature)).toBe(false);
      expect(verifiedThere(pair, message, signature)).toBe(true);
      expect(verifiedThere(pair, concatBytes(message, Uint8Array.of(0)), signature)).toBe(false);
      expect(verifiedThere(pair === other ? (pairs[0] as KeyPair) : other, message, signature)).toBe(false);
    }
  });

  it("verifies Signal's signatures by the variant, and by XEdDSA only if the sign is 0", () => {
    for (const message of messages) {
      const signature = signedThere(pair, message);
      expect(hasSignBit(signature)).toBe(sign === "1");
      expect(x3dh.verifySignature(pair.publicKey, message, signature)).toBe(true);
      expect(verifyXEdDSA(pair.publicKey, message, signature)).toBe(sign === "0");
    }
  });

  it("gives Signal's verdict, by the variant, on signatures with any one bit changed", () => {
    const message = messages[4] as Uint8Array;
    for (const signature of [signedThere(pair, message), signXEdDSA(pair.privateKey, message, random)]) {
      for (let bit = 0; bit < 512; bit += 13) {
        const changed = signature.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect([x3dh.verifySignature(pair.publicKey, message, changed), verifiedThere(pair, message, changed)]).toEqual([false, false]);
      }
      const otherSign = signature.slice();
      otherSign[63] = (otherSign[63] as number) ^ 0x80;
      expect([x3dh.verifySignature(pair.publicKey, message, otherSign), verifiedThere(pair, message, otherSign)]).toEqual([false, false]);
    }
  });

  it("refuses S + L, which Signal's library takes for S", () => {
    const message = messages[4] as Uint8Array;
    const signature = signXEdDSA(pair.privateKey, message, random);
    const secondSpelling = concatBytes(signature.subarray(0, 32), toBytes(toNumber(signature.subarray(32)) + Fn.ORDER));
    expect(verifiedThere(pair, message, secondSpelling)).toBe(true);
    expect(verifyXEdDSA(pair.publicKey, message, secondSpelling)).toBe(false);
    expect(x3dh.verifySignature(pair.publicKey, message, secondSpelling)).toBe(false);
  });
});

function toNumber(littleEndian: Uint8Array): bigint {
  return littleEndian.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}
