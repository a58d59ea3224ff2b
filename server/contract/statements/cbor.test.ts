import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import { type CborFault, type CborValue, decodeStrict, encodeCanonical, MAX_CBOR_DEPTH } from "./cbor";
import { mutations } from "./mutate-bytes";

const refusal = (hex: string): CborFault | "accepted" => {
  const decoded = decodeStrict(hexToBytes(hex));
  return decoded.ok ? "accepted" : decoded.reason;
};
const valueIn = (bytes: Uint8Array): CborValue => {
  const decoded = decodeStrict(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
};

const text = fc.string({ unit: "binary" });
const { value: cborValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true, maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((number) => number + 0),
    text,
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(text, tie("value"), { maxKeys: 5 }),
  ),
}));

describe("strict CBOR", () => {
  test("whatever is encoded comes back the same, and encodes to the same bytes again", () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        const bytes = encodeCanonical(value);
        expect(valueIn(bytes)).toEqual(value);
        expect(encodeCanonical(valueIn(bytes))).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test("bytes come out as copies, also of a Buffer", () => {
    const source = Buffer.from(encodeCanonical([Uint8Array.of(1, 2)]));
    const decoded = valueIn(source) as Uint8Array[];
    source.fill(0);
    expect(decoded).toEqual([Uint8Array.of(1, 2)]);
    expect(encodeCanonical(1).constructor).toBe(Uint8Array);
  });

  test("a map has one form, in whatever order its keys were set", () => {
    const bytes = encodeCanonical({ b: 1, aa: 2, a: 3 });
    expect(encodeCanonical({ aa: 2, a: 3, b: 1 })).toEqual(bytes);
    expect(bytesToHex(bytes)).toBe("a361610361620162616102");
  });

  test("text keeps its exact bytes: byte order mark, combining marks, right-to-left, emoji", () => {
    for (const words of ["\ufeffabc", "e\u0301 \u00e9", "שלום \u200fعربي", "👩🏽‍🚀", "\0", ""]) {
      expect(valueIn(encodeCanonical(words))).toBe(words);
      expect(bytesToHex(encodeCanonical(words)).endsWith(bytesToHex(utf8ToBytes(words)))).toBe(true);
    }
  });

  test("duplicate_key: a key that stands twice is refused", () => {
    expect(refusal("a2616101616102")).toBe("duplicate_key");
  });

  test.each<[string, string, CborFault]>([
    ["keys out of order", "a2616201616101", "unsorted_keys"],
    ["a longer key before a shorter one", "a262616101616202", "unsorted_keys"],
    ["a number as key", "a10101", "key_not_text"],
    ["bytes as key", "a1416101", "key_not_text"],
    ["a map as key", "a1a001", "key_not_text"],
    ["an array of indefinite length", "9f01ff", "indefinite_length"],
    ["a map of indefinite length", "bf616101ff", "indefinite_length"],
    ["text of indefinite length", "7f6161ff", "indefinite_length"],
    ["bytes of indefinite length", "5f4161ff", "indefinite_length"],
    ["a lone break", "ff", "indefinite_length"],
    ["23 in two bytes", "1817", "not_shortest"],
    ["255 in three bytes", "1900ff", "not_shortest"],
    ["65535 in five bytes", "1a0000ffff", "not_shortest"],
    ["4294967295 in nine bytes", "1b00000000ffffffff", "not_shortest"],
    ["-1 in two bytes", "3800", "not_shortest"],
    ["the length of bytes in two bytes", "580161", "not_shortest"],
    ["the length of text in three bytes", "79000161", "not_shortest"],
    ["the length of an array in two bytes", "980101", "not_shortest"],
    ["the length of a map in two bytes", "b801616101", "not_shortest"],
    ["a tag", "c000", "tag"],
    ["a bignum", "c24101", "tag"],
    ["a half float", "f93c00", "float"],
    ["a float", "fa3f800000", "float"],
    ["a double", "fb3ff0000000000000", "float"],
    ["undefined", "f7", "float"],
    ["a simple value", "f0", "float"],
    ["a simple value in two bytes", "f8ff", "float"],
    ["something behind the end", "0000", "trailing_bytes"],
    ["nothing", "", "malformed"],
    ["a reserved length", "1c", "malformed"],
    ["text that is cut short", "6261", "malformed"],
    ["an array that is cut short", "8201", "malformed"],
    ["a map without its last value", "a16161", "malformed"],
    ["an array that claims four thousand million elements", "9affffffff00", "malformed"],
    ["text that is no UTF-8", "61ff", "malformed"],
    ["a surrogate in UTF-8", "63eda080", "malformed"],
    ["an integer of 2^53", "1b0020000000000000", "malformed"],
    ["an integer of -2^53 - 1", "3b0020000000000000", "malformed"],
  ])("%s is refused", (_, hex, reason) => {
    expect(refusal(hex)).toBe(reason);
  });

  test("depth is refused above the limit, however deep", () => {
    const nested = (depth: number) => `${"81".repeat(depth)}00`;
    expect(refusal(nested(MAX_CBOR_DEPTH))).toBe("accepted");
    expect(refusal(nested(MAX_CBOR_DEPTH + 1))).toBe("too_deep");
    expect(refusal(nested(60_000))).toBe("too_deep");
    expect(refusal(`${"81".repeat(MAX_CBOR_DEPTH)}80`)).toBe("too_deep");
    let value: CborValue = 0;
    for (let i = 0; i < MAX_CBOR_DEPTH; i++) value = { a: value };
    expect(valueIn(encodeCanonical(value))).toEqual(value);
    expect(() => encodeCanonical([value])).toThrow(TypeError);
  });

  test("depth is counted inside, not along: many neighbours are fine", () => {
    const value = Array.from({ length: 100 }, () => [[], { a: [1] }, []]);
    expect(valueIn(encodeCanonical(value))).toEqual(value);
  });

  test("a key called __proto__ is a key like others", () => {
    const value = valueIn(hexToBytes(`a169${bytesToHex(utf8ToBytes("__proto__"))}a0`));
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test("what has no exact form is not encoded", () => {
    const impossible = [
      0.5,
      Number.NaN,
      2 ** 53,
      undefined,
      1n,
      "\ud800",
      { "\udc00": 1 },
      new Map(),
      new Date(),
      () => 0,
      new Array(1),
      Symbol(),
    ];
    for (const value of impossible) expect(() => encodeCanonical([value as CborValue])).toThrow(TypeError);
  });

  test("broken inputs are refused without an exception, or are what their value encodes to", {
    timeout: 60_000 * Math.ceil(testRuns()),
  }, () => {
    const samples = [
      encodeCanonical({ a: 1, list: [null, true, "text", new Uint8Array(9)], zz: { deep: [-1, 70_000] } }),
      encodeCanonical([[[[1]]], "é", 2 ** 40]),
    ];
    let taken = 0;
    for (const bytes of mutations(samples, 5_000 * testRuns())) {
      const decoded = decodeStrict(bytes);
      if (!decoded.ok) continue;
      taken++;
      expect(encodeCanonical(decoded.value)).toEqual(bytes);
    }
    expect(taken).toBeGreaterThan(100);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => decodeStrict(bytes) !== undefined),
      { numRuns: 3_000 * testRuns() },
    );
  });
});
