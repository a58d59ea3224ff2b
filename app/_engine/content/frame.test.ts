import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_CIPHERTEXT_BYTES } from "@/server/contract/limits";
import { mutations } from "@/server/contract/statements/mutate-bytes";
import { testRuns } from "@/server/testing/test-runs";
import { decodeFrame, encodeFrame, FRAME_HEAD_BYTES, PADDING_STEPS_END_BYTES, paddedSize } from "./frame";

const random = (lengthBytes: number) => new Uint8Array(lengthBytes).fill(0xaa);
const content = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(0x55);
const reason = (frame: Uint8Array) => {
  const decoded = decodeFrame(frame);
  return decoded.ok ? "accepted" : decoded.reason;
};
const changed = (frame: Uint8Array, at: number, value: number) => frame.with(at, value);

describe("the padding of a frame", () => {
  test("is frozen: multiples of 160 up to 1,280, then Padmé", () => {
    const sizes = [
      0, 1, 160, 161, 320, 1_119, 1_120, 1_121, 1_280, 1_281, 1_344, 1_345, 2_048, 2_049, 4_095, 4_097, 10_000, 32_769, 57_000, 65_536,
    ];
    expect(sizes.map((size) => `${size} -> ${paddedSize(size)}`)).toMatchInlineSnapshot(`
      [
        "0 -> 160",
        "1 -> 160",
        "160 -> 160",
        "161 -> 320",
        "320 -> 320",
        "1119 -> 1120",
        "1120 -> 1120",
        "1121 -> 1280",
        "1280 -> 1280",
        "1281 -> 1344",
        "1344 -> 1344",
        "1345 -> 1408",
        "2048 -> 2048",
        "2049 -> 2176",
        "4095 -> 4096",
        "4097 -> 4352",
        "10000 -> 10240",
        "32769 -> 34816",
        "57000 -> 57344",
        "65536 -> 65536",
      ]
    `);
  });

  test("holds what it pads, grows with it, and costs little", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (size) => {
        const padded = paddedSize(size);
        expect(padded).toBeGreaterThanOrEqual(size);
        expect(paddedSize(padded)).toBe(padded);
        expect(paddedSize(size + 1)).toBeGreaterThanOrEqual(padded);
        if (size > PADDING_STEPS_END_BYTES) expect(padded / size).toBeLessThan(1.12);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a frame", () => {
  test("is frozen: random bytes, length, content, zeros", () => {
    expect(bytesToHex(encodeFrame(content(3), random))).toBe(`${"aa".repeat(16)}00000003555555${"00".repeat(137)}`);
  });

  test("gives back every content, also from the middle of a larger buffer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
        const frame = encodeFrame(bytes, random);
        expect(frame.length).toBe(paddedSize(bytes.length + FRAME_HEAD_BYTES));
        const around = new Uint8Array(frame.length + 14).fill(9);
        around.set(frame, 7);
        expect(decodeFrame(around.subarray(7, 7 + frame.length))).toEqual({ ok: true, content: bytes });
      }),
      { numRuns: 300 },
    );
  });

  test("nonzero_padding: a byte hidden behind the content is refused, wherever it stands", () => {
    const frame = encodeFrame(content(3), random);
    for (const at of [FRAME_HEAD_BYTES + 3, 100, frame.length - 1]) expect(reason(changed(frame, at, 1))).toBe("nonzero_padding");
  });

  test("of another size than its content's is refused", () => {
    const frame = encodeFrame(content(3), random);
    expect(reason(frame.subarray(0, 159))).toBe("wrong_padding");
    expect(reason(frame.subarray(0, FRAME_HEAD_BYTES + 3))).toBe("wrong_padding");
    const longer = new Uint8Array(320);
    longer.set(frame);
    expect(reason(longer)).toBe("wrong_padding");
  });

  test("with a length that leads out of it is refused", () => {
    const frame = encodeFrame(content(3), random);
    expect(reason(changed(frame, 19, 141))).toBe("frame_length");
    expect(reason(changed(frame, 16, 0xff))).toBe("frame_length");
    expect(reason(frame.subarray(0, FRAME_HEAD_BYTES - 1))).toBe("frame_size");
    expect(reason(new Uint8Array())).toBe("frame_size");
    expect(reason(new Uint8Array(MAX_CIPHERTEXT_BYTES + 1))).toBe("frame_size");
  });

  test("is not made of more than a ciphertext may hold", () => {
    expect(encodeFrame(content(MAX_CIPHERTEXT_BYTES - FRAME_HEAD_BYTES), random)).toHaveLength(MAX_CIPHERTEXT_BYTES);
    expect(() => encodeFrame(content(MAX_CIPHERTEXT_BYTES - FRAME_HEAD_BYTES + 1), random)).toThrow(RangeError);
  });

  test("takes broken bytes without an exception", { timeout: 60_000 * Math.ceil(testRuns()) }, () => {
    const samples = [0, 3, 140, 141, 2_000].map((size) => encodeFrame(content(size), random));
    for (const bytes of mutations(samples, 3_000 * testRuns())) {
      const decoded = decodeFrame(bytes);
      if (decoded.ok) expect(encodeFrame(decoded.content, () => bytes.subarray(0, 16))).toEqual(bytes);
    }
  });
});
