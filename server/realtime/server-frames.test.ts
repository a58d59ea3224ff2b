import { expect, test } from "vitest";
import { eventFrames, textFrame } from "./server-frames";

/** Reads the payload length as RFC 6455 § 5.2 lays it out; returns it with the payload. */
function readFrame(frame: Buffer): { first: number; length: number; payload: string } {
  const short = frame.readUInt8(1);
  const [length, header] = short < 126 ? [short, 2] : short === 126 ? [frame.readUInt16BE(2), 4] : [Number(frame.readBigUInt64BE(2)), 10];
  return { first: frame.readUInt8(0), length, payload: frame.toString("utf8", header) };
}

test.each([0, 1, 125, 126, 65_535, 65_536, 100_000])("a text of %i bytes becomes one whole unmasked frame", (size) => {
  const text = "x".repeat(size);

  expect(readFrame(textFrame(text))).toEqual({ first: 0x81, length: size, payload: text });
});

test("lengths count bytes, not characters", () => {
  expect(readFrame(textFrame("é😀"))).toEqual({ first: 0x81, length: 6, payload: "é😀" });
});

test("an event's frame carries its data as a string, whatever is in it", () => {
  const data = { text: 'quotes " and \\ and \u2028 and 😀' };

  const { payload } = readFrame(eventFrames("entry", JSON.stringify(data))("private-x"));

  const message = JSON.parse(payload) as { data: string };
  expect(message).toEqual({ event: "entry", channel: "private-x", data: JSON.stringify(data) });
});
