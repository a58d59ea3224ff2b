/** The fields of a message by their names, so that tests can change one. */
import { concatBytes } from "@noble/hashes/utils.js";

const FIELD_NAMES = [
  "ratchet key",
  "counter",
  "previous length",
  "ciphertext",
  "identity key",
  "base key",
  "signed prekey id",
  "one-time prekey id",
  "KEM prekey id",
  "KEM ciphertext",
] as const;
type FieldName = (typeof FIELD_NAMES)[number];
export type Place = { name: FieldName | "version" | "type" | "MAC"; start: number; end: number };

/** Where the value of each field stands. Ids and counters of these tests take one or two bytes. */
export function placesIn(message: Uint8Array): Place[] {
  const places: Place[] = [
    { name: "version", start: 0, end: 1 },
    { name: "type", start: 1, end: 2 },
  ];
  let at = 2;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length - 16) {
    const tag = varint();
    const before = at;
    const value = varint();
    const start = (tag & 7) === 2 ? at : before;
    if ((tag & 7) === 2) at += value;
    places.push({ name: FIELD_NAMES[(tag >> 3) - 1] as FieldName, start, end: at });
  }
  return [...places, { name: "MAC", start: at, end: at + 16 }];
}

export const placeOf = (message: Uint8Array, name: Place["name"]) => placesIn(message).find((place) => place.name === name) as Place;
/** The message with another value of the same length in that field. */
export function withField(message: Uint8Array, name: Place["name"], value: Uint8Array): Uint8Array {
  const { start, end } = placeOf(message, name);
  if (value.length !== end - start) throw new Error("another length");
  return concatBytes(message.subarray(0, start), value, message.subarray(end));
}
/** The message with bits of one byte turned over. */
export const flipped = (message: Uint8Array, at: number, bit: number) => message.with(at, (message[at] as number) ^ bit);
