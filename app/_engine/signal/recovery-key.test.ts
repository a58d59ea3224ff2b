import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ed25519PublicKey } from "@/server/contract/signatures";
import { testRuns } from "@/server/testing/test-runs";
import { backupKey, formatRecoveryKey, generateRecoveryKey, parseRecoveryKey, recoverySigningKey } from "./recovery-key";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const key = Uint8Array.from({ length: 32 }, (_, i) => i * 8 + 1);
const plain = (bytes: Uint8Array) => formatRecoveryKey(bytes).replaceAll("-", "");
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("a recovery key on paper", () => {
  test("is frozen, with the keys made from it", () => {
    expect({
      text: formatRecoveryKey(key),
      zeros: formatRecoveryKey(new Uint8Array(32)),
      ones: formatRecoveryKey(new Uint8Array(32).fill(255)),
      signingSecretKey: bytesToHex(recoverySigningKey(key)),
      signingPublicKey: bytesToHex(ed25519PublicKey(recoverySigningKey(key))),
      backupKey: bytesToHex(backupKey(key)),
    }).toMatchInlineSnapshot(`
      {
        "backupKey": "87616c6ac412d42c58c904e3bc98472cddf4187e5c41546bb96c0e8b208e9c00",
        "ones": "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZG-PH",
        "signingPublicKey": "c32630c57ff9f44ce3686dc3f03e43592596ea6c8c3e1b609e1784e63ebe126d",
        "signingSecretKey": "1e754e9c65c99f2e5e884f0289f22f46ab12aff269b6d0122399fbed0fc43f50",
        "text": "044H-2691-54RK-JGA9-A5CP-2TBH-F60R-K4CS-M6MV-3EE1-S78X-KRF9-Y7WG-KH",
        "zeros": "0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-00",
      }
    `);
  });

  test("has 54 characters in groups of 4, the last of 2, with dashes or spaces", () => {
    expect(formatRecoveryKey(key)).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{2}$/);
    expect(formatRecoveryKey(key, " ")).toBe(formatRecoveryKey(key).replaceAll("-", " "));
    expect(() => formatRecoveryKey(key.subarray(1))).toThrow(RangeError);
  });

  test("is what the source of random bytes gave", () => {
    expect(generateRecoveryKey((lengthBytes) => key.subarray(0, lengthBytes))).toEqual(key);
  });

  test("is read back, whatever it is and however it is typed", () => {
    fc.assert(
      fc.property(keys, (bytes) => {
        const text = formatRecoveryKey(bytes);
        const typed = text.toLowerCase().replaceAll("0", "o").replaceAll("1", "l").replaceAll("-", " \u2013\n");
        for (const way of [text, plain(bytes), typed, ` ${text.replaceAll("1", "I")} `]) {
          expect(parseRecoveryKey(way)).toEqual({ ok: true, bytes });
        }
      }),
    );
  });

  test("is refused with any single wrong character", () => {
    const text = plain(key);
    for (let at = 0; at < text.length; at++) {
      for (const other of ALPHABET.replace(text[at] as string, "")) {
        expect(parseRecoveryKey(text.slice(0, at) + other + text.slice(at + 1))).toEqual({ ok: false, reason: "check" });
      }
    }
  });

  test("is refused with any two neighbours exchanged", () => {
    fc.assert(
      fc.property(keys, (bytes) => {
        const text = plain(bytes);
        for (let at = 0; at + 1 < text.length; at++) {
          const [a, b] = [text[at] as string, text[at + 1] as string];
          const exchanged = text.slice(0, at) + b + a + text.slice(at + 2);
          if (a !== b) expect(parseRecoveryKey(exchanged)).toEqual({ ok: false, reason: "check" });
        }
      }),
    );
  });

  test("is refused when it is cut, doubled or no key at all", () => {
    const text = plain(key);
    expect(parseRecoveryKey("")).toEqual({ ok: false, reason: "length" });
    expect(parseRecoveryKey(text.slice(1))).toEqual({ ok: false, reason: "length" });
    expect(parseRecoveryKey(`${text}0`)).toEqual({ ok: false, reason: "length" });
    expect(parseRecoveryKey(text.replace(text[3] as string, "U"))).toEqual({ ok: false, reason: "character" });
    expect(parseRecoveryKey(text.replace(text[3] as string, "é"))).toEqual({ ok: false, reason: "character" });
  });

  test("has one spelling: the four bits that no key has must be zero", () => {
    const text = plain(key);
    const last = ALPHABET.indexOf(text[51] as string);
    expect(last % 16).toBe(0);
    const spare = text.slice(0, 51) + ALPHABET[last + 1];
    const check = Array.from(spare, (character) => ALPHABET.indexOf(character)).reduce((sum, value) => (sum * 32 + value) % 1_021, 0);
    expect(parseRecoveryKey(spare + ALPHABET[check >> 5] + ALPHABET[check & 31])).toEqual({ ok: false, reason: "spare_bits" });
  });

  test("is read without an exception, whatever is typed", { timeout: 60_000 * Math.ceil(testRuns()) }, () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(parseRecoveryKey(text).ok).toBe(false);
      }),
      { numRuns: 300 * testRuns() },
    );
  });

  test("gives two keys that have nothing in common, and others for another key", () => {
    const other = key.with(31, 0);
    const made = [recoverySigningKey(key), backupKey(key), recoverySigningKey(other), backupKey(other)].map(bytesToHex);
    expect(new Set(made).size).toBe(4);
    expect(made.every((hex) => hexToBytes(hex).length === 32)).toBe(true);
  });
});
