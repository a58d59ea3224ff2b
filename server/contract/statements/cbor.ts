/** The one encoding of signed statements and of content: strict, deterministic CBOR (RFC 8949 § 4.2.1), so that two readers
 *  can never see different things in the same bytes, and a value has exactly one form. */
import { decodeFirst, encode, Token, Tokenizer, Type } from "cborg";

/** Maps and arrays inside one another; a value that is neither has depth 0. */
export const MAX_CBOR_DEPTH = 8;

export type CborValue = null | boolean | number | string | Uint8Array | CborValue[] | { [key: string]: CborValue };

export type CborFault =
  /** Cut short, a reserved byte, text that is no UTF-8, or an integer beyond ±(2^53 − 1). */
  | "malformed"
  | "duplicate_key"
  /** Keys stand in the bytewise order of their encodings: shorter first, then by their UTF-8 bytes. */
  | "unsorted_keys"
  | "key_not_text"
  | "indefinite_length"
  | "not_shortest"
  | "tag"
  /** A fraction, `undefined`, or another value of major type 7 than false, true and null. */
  | "float"
  | "too_deep"
  | "trailing_bytes";

export type CborDecoded = { ok: true; value: CborValue } | { ok: false; reason: CborFault };

/** Encodes a value in its only form.
 *  Takes null, booleans, safe integers, well-formed text, bytes, arrays and plain objects, at most MAX_CBOR_DEPTH deep.
 *  Throws TypeError on anything else: fractions, undefined, lone surrogates, instances of classes. */
export function encodeCanonical(value: CborValue): Uint8Array {
  assertEncodable(value, 0);
  // NOTE: in Node cborg hands out Buffers from a pool, whose slice() does not copy.
  return Uint8Array.from(encode(value));
}

/** Decodes bytes that encodeCanonical could have made and refuses all others. Byte strings are copies. Never throws. */
export function decodeStrict(bytes: Uint8Array): CborDecoded {
  // NOTE: a plain view, because a Buffer's slice(), which cborg calls, would not copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const [value, rest] = decodeFirst(plain, { ...DECODE_OPTIONS, tokenizer: strictTokenizer(plain) });
    return rest.length === 0 ? { ok: true, value } : { ok: false, reason: "trailing_bytes" };
  } catch (error) {
    return { ok: false, reason: error instanceof Refusal ? error.reason : "malformed" };
  }
}

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
};

class Refusal extends Error {
  constructor(readonly reason: CborFault) {
    super(reason);
  }
}

type Container = { isMap: boolean; tokensLeft: number; lastKey: Uint8Array | null };

/** cborg's tokenizer behind the checks that it lacks or can't name. Works without recursion of its own, so that depth is refused
 *  before the stack is used up. */
function strictTokenizer(bytes: Uint8Array) {
  const inner = new Tokenizer(bytes, DECODE_OPTIONS);
  const open: Container[] = [];
  return {
    done: () => inner.done(),
    pos: () => inner.pos(),
    next(): Token {
      const start = inner.pos();
      refuseHead(bytes, start);
      const token = withExactText(inner.next());
      const parent = open.at(-1);
      if (parent) {
        if (parent.isMap && parent.tokensLeft % 2 === 0) takeKey(parent, token, bytes.subarray(start, inner.pos()));
        parent.tokensLeft--;
      }
      const isMap = Type.equals(token.type, Type.map);
      if (isMap || Type.equals(token.type, Type.array)) {
        if (open.length === MAX_CBOR_DEPTH) throw new Refusal("too_deep");
        open.push({ isMap, tokensLeft: isMap ? token.value * 2 : token.value, lastKey: null });
      }
      while (open.at(-1)?.tokensLeft === 0) open.pop();
      return token;
    },
  };
}

/** Looks at an item's first byte and the length or number behind it. Bytes beyond the end read as undefined and are left to cborg. */
function refuseHead(bytes: Uint8Array, at: number): void {
  const head = bytes[at] ?? 0;
  const major = head >> 5;
  const minor = head & 31;
  if (major === 6) throw new Refusal("tag");
  if (minor === 31) throw new Refusal("indefinite_length");
  if (major === 7 && (minor < 20 || minor > 22)) throw new Refusal("float");
  const zeros = (count: number) => bytes.subarray(at + 1, at + 1 + count).every((byte) => byte === 0);
  const wasteful =
    (minor === 24 && (bytes[at + 1] ?? 24) < 24) || (minor === 25 && zeros(1)) || (minor === 26 && zeros(2)) || (minor === 27 && zeros(4));
  if (wasteful) throw new Refusal("not_shortest");
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// NOTE: cborg's own text decoding replaces invalid UTF-8 and swallows a leading byte order mark.
function withExactText(token: Token): Token {
  if (!Type.equals(token.type, Type.string)) return token;
  return token.byteValue ? new Token(Type.string, utf8.decode(token.byteValue), token.encodedLength) : token;
}

function takeKey(map: Container, token: Token, encoded: Uint8Array): void {
  if (!Type.equals(token.type, Type.string)) throw new Refusal("key_not_text");
  const order = map.lastKey ? compareBytes(map.lastKey, encoded) : -1;
  if (order === 0) throw new Refusal("duplicate_key");
  if (order > 0) throw new Refusal("unsorted_keys");
  map.lastKey = encoded;
}

/** Bytewise order: below 0 when `a` comes first, 0 when equal; a prefix comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function assertEncodable(value: unknown, depth: number): void {
  if (value === null || typeof value === "boolean" || value instanceof Uint8Array) return;
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError("a number must be a safe integer");
  } else if (typeof value === "string") {
    if (!isWellFormed(value)) throw new TypeError("text must not hold lone surrogates");
  } else if (typeof value === "object" && (Array.isArray(value) || isPlain(value))) {
    if (depth === MAX_CBOR_DEPTH) throw new TypeError("too deep");
    if (!Array.isArray(value) && !Object.keys(value).every(isWellFormed)) throw new TypeError("a key must not hold lone surrogates");
    // NOTE: Array.from, because Object.values would skip the holes of a sparse array, which cborg writes as undefined.
    for (const inner of Array.isArray(value) ? Array.from(value) : Object.values(value)) assertEncodable(inner, depth + 1);
  } else {
    throw new TypeError("not a value that CBOR carries here");
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether text has an exact UTF-8 form: no lone surrogates. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
