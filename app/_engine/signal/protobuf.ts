/** Protocol Buffers' wire format, as far as messages and records need it: varints and byte strings. Strict: fields come in ascending
 *  order of their numbers, each varint in its shortest form, nothing unknown; so a value has one spelling. */

/** Thrown by a reader and caught by decodeStrictly: never leaves a decoder. */
class MalformedError extends Error {
  override readonly name = "MalformedError";
}

export type Writer = ReturnType<typeof createWriter>;

/** Collects fields in the order of the calls, which must be ascending. A value that is null or undefined is left out. */
export function createWriter() {
  const bytes: number[] = [];
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;

  function flush(next: Uint8Array): void {
    const head = Uint8Array.from(bytes.splice(0));
    chunks.push(head, next);
    lengthBytes += head.length + next.length;
  }

  return {
    varint(field: number, value: number | null | undefined): void {
      if (value === null || value === undefined) return;
      if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("a varint is a whole number from 0");
      pushVarint(bytes, field * 8);
      pushVarint(bytes, value);
    },
    bytes(field: number, value: Uint8Array | null | undefined): void {
      if (value === null || value === undefined) return;
      pushVarint(bytes, field * 8 + 2);
      pushVarint(bytes, value.length);
      flush(value);
    },
    finish(): Uint8Array {
      flush(new Uint8Array(0));
      const joined = new Uint8Array(lengthBytes);
      let at = 0;
      for (const chunk of chunks) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      return joined;
    },
  };
}

export type Reader = ReturnType<typeof createReader>;

/** Reads fields in the order of the calls. Every method throws when the bytes are something else; use it inside decodeStrictly. */
function createReader(input: Uint8Array) {
  // NOTE: a real copy: the slice() of Node's Buffer shares its memory.
  const bytes = Uint8Array.from(input);
  let at = 0;

  function readVarint(): number {
    let value = 0;
    for (let scale = 1; scale <= Number.MAX_SAFE_INTEGER; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return malformed();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) return malformed();
      if (byte < 128) return byte === 0 && scale > 1 ? malformed() : value;
    }
    return malformed();
  }

  function takeTag(field: number, wireType: number): boolean {
    const start = at;
    if (at < bytes.length && readVarint() === field * 8 + wireType) return true;
    at = start;
    return false;
  }

  function optionalVarint(field: number, max: number): number | null {
    if (!takeTag(field, 0)) return null;
    const value = readVarint();
    return value > max ? malformed() : value;
  }

  function optionalBytes(field: number, minLength: number, maxLength: number): Uint8Array | null {
    if (!takeTag(field, 2)) return null;
    const length = readVarint();
    if (length < minLength || length > maxLength || length > bytes.length - at) return malformed();
    at += length;
    return bytes.slice(at - length, at);
  }

  return {
    varint: (field: number, max: number): number => optionalVarint(field, max) ?? malformed(),
    optionalVarint,
    bytes: (field: number, minLength: number, maxLength = minLength): Uint8Array =>
      optionalBytes(field, minLength, maxLength) ?? malformed(),
    optionalBytes: (field: number, minLength: number, maxLength = minLength): Uint8Array | null =>
      optionalBytes(field, minLength, maxLength),
    repeatedBytes(field: number, maxCount: number, maxLength: number): Uint8Array[] {
      const values: Uint8Array[] = [];
      for (let value = optionalBytes(field, 0, maxLength); value !== null; value = optionalBytes(field, 0, maxLength)) values.push(value);
      return values.length > maxCount ? malformed() : values;
    },
    /** Call it last: anything left over is malformed. */
    end(): void {
      if (at !== bytes.length) malformed();
    },
  };
}

/** Runs a decoder over all of `bytes`. Returns null when they are not what it reads, or when it returns null itself. */
export function decodeStrictly<Value>(bytes: Uint8Array, read: (reader: Reader) => Value | null): Value | null {
  try {
    const reader = createReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

/** Gives up the whole decoding from inside it. */
export function malformed(): never {
  throw new MalformedError();
}

function pushVarint(target: number[], value: number): void {
  let rest = value;
  while (rest > 127) {
    target.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  target.push(rest);
}
