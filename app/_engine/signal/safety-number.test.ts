import { concatBytes, randomBytes } from "@noble/hashes/utils.js";
import * as libsignal from "@signalapp/libsignal-client";
import { expect, it } from "vitest";
import { SAFETY_NUMBER_ITERATIONS, type SafetyNumberSide, safetyNumber, typedAccountKey } from "./safety-number";

const account = (value: number): SafetyNumberSide => ({
  typedKey: typedAccountKey(new Uint8Array(32).fill(value)),
  userId: new Uint8Array(16).fill(value + 1),
});

it("equals Signal's displayable fingerprint for X25519 keys", () => {
  for (let i = 0; i < 3; i++) {
    const sides = [0, 1].map(() => {
      const key = libsignal.PrivateKey.generate().getPublicKey();
      return { key, userId: Buffer.from(randomBytes(16)), typedKey: key.serialize() };
    });
    const [ours, theirs] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const fingerprint = libsignal.Fingerprint.new(SAFETY_NUMBER_ITERATIONS, 0, ours.userId, ours.key, theirs.userId, theirs.key);
    expect(safetyNumber(ours, theirs)).toBe(fingerprint.displayableFingerprint().toString());
  }
});

it("is the same on both sides and keeps its digits", () => {
  expect(safetyNumber(account(1), account(7))).toBe(safetyNumber(account(7), account(1)));
  expect(safetyNumber(account(1), account(7))).toMatchInlineSnapshot(`"875672908757677561176109296206888512027784553659032579226303"`);
});

it("changes with either key, either id and the type byte", () => {
  const base = safetyNumber(account(1), account(7));
  expect(safetyNumber(account(2), account(7))).not.toBe(base);
  expect(safetyNumber({ ...account(1), userId: new Uint8Array(16) }, account(7))).not.toBe(base);
  const x25519 = { ...account(1), typedKey: concatBytes(Uint8Array.of(5), new Uint8Array(32).fill(1)) };
  expect(safetyNumber(x25519, account(7))).not.toBe(base);
});

it("takes account keys of 32 bytes only", () => {
  expect(() => typedAccountKey(new Uint8Array(33))).toThrow(RangeError);
});
