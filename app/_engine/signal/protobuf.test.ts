import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWriter, decodeStrictly, type Reader } from "./protobuf";

const encode = (write: (writer: ReturnType<typeof createWriter>) => void) => {
  const writer = createWriter();
  write(writer);
  return writer.finish();
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const read = (text: string, reader: (reader: Reader) => unknown) => decodeStrictly(Buffer.from(text, "hex"), reader);

it("writes Protocol Buffers' wire format", () => {
  expect(
    hex(
      encode((writer) => {
        writer.varint(1, 150);
        writer.bytes(2, Buffer.from("testing"));
        writer.varint(3, null);
        writer.varint(16, Number.MAX_SAFE_INTEGER);
        writer.varint(17, 127);
        writer.varint(18, 128);
      }),
    ),
  ).toBe("089601120774657374696e678001ffffffffffffff0f88017f90018001");
});

it("reads back what it wrote", () => {
  const numbers = fc.maxSafeNat();
  fc.assert(
    fc.property(numbers, fc.option(numbers), fc.uint8Array({ maxLength: 300 }), fc.array(fc.uint8Array({ maxLength: 9 })), (a, b, c, d) => {
      const bytes = encode((writer) => {
        writer.varint(1, a);
        writer.varint(2, b);
        writer.bytes(15, c);
        for (const each of d) writer.bytes(16, each);
      });
      const max = Number.MAX_SAFE_INTEGER;
      const value = decodeStrictly(bytes, (reader) => [
        reader.varint(1, max),
        reader.optionalVarint(2, max),
        reader.bytes(15, 0, 300),
        reader.repeatedBytes(16, 100, 9),
      ]);
      expect(value).toEqual([a, b, c, d]);
    }),
    { numRuns: 200 },
  );
});

describe("refuses", () => {
  it.each([
    ["a varint that is not in its shortest form", "088000"],
    ["a varint beyond 2^53", "08ffffffffffffff1f"],
    ["an endless varint", "08ffffffffffffffffffffffffff"],
    ["a varint so long that its scale is infinite", `08${"80".repeat(148)}01`],
    ["a value over the maximum", "0865"],
    ["a truncated varint", "0880"],
    ["a missing field", ""],
    ["a field of another number", "1001"],
    ["a field of another wire type", "0a0101"],
    ["a repeated field", "08010801"],
    ["trailing bytes", "080100"],
    ["an unknown field", "08011001"],
    ["a tag that is not in its shortest form", "880001"],
  ])("%s", (_, text) => {
    expect(read(text, (reader) => reader.varint(1, 100))).toBeNull();
    expect(read("0864", (reader) => reader.varint(1, 100))).toBe(100);
  });

  it.each([
    ["bytes beyond the end", "0a0401"],
    ["too few bytes", "0a0101"],
    ["too many bytes", "0a0401020304"],
    ["a length beyond 2^53", "0affffffffffffffffff01"],
  ])("%s", (_, text) => {
    expect(read(text, (reader) => reader.bytes(1, 2, 3))).toBeNull();
    expect(read("0a020102", (reader) => reader.bytes(1, 2, 3))).toEqual(Uint8Array.of(1, 2));
  });

  it("more repetitions than allowed", () => {
    expect(read("0a000a000a00", (reader) => reader.repeatedBytes(1, 2, 9))).toBeNull();
  });

  it("to write what is no varint", () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => encode((writer) => writer.varint(1, value))).toThrow(RangeError);
  });
});

it("lets an error of the caller's own through", () => {
  expect(() =>
    read("", () => {
      throw new TypeError("a fault in the caller");
    }),
  ).toThrow(TypeError);
});
