/** Broken inputs for the fuzz tests of decoders: the same ones in every run. */

/** `count` inputs, each made of one of `samples` by one to three changes: bits flipped, bytes set, cut, doubled, put in or mixed up. */
export function* mutations(samples: readonly Uint8Array[], count: number, seed = 1): Generator<Uint8Array> {
  const below = randomBelow(seed);
  for (let i = 0; i < count; i++) {
    let bytes = samples[below(samples.length)] ?? new Uint8Array();
    for (let changes = 1 + below(3); changes > 0; changes--) bytes = change(bytes, samples, below);
    yield bytes;
  }
}

type Below = (limit: number) => number;

function change(bytes: Uint8Array, samples: readonly Uint8Array[], below: Below): Uint8Array {
  const at = below(bytes.length + 1);
  const other = samples[below(samples.length)] ?? bytes;
  const replaceAt = (inserted: ArrayLike<number>, removed: number) => {
    const rest = bytes.subarray(at + removed);
    const changed = new Uint8Array(at + inserted.length + rest.length);
    changed.set(bytes.subarray(0, at));
    changed.set(inserted, at);
    changed.set(rest, at + inserted.length);
    return changed;
  };
  switch (below(7)) {
    case 0:
      return replaceAt([(bytes[at] ?? 0) ^ (1 << below(8))], 1);
    case 1:
      return replaceAt([below(256)], 1);
    case 2:
      return bytes.slice(0, at);
    case 3:
      return replaceAt([], 1 + below(8));
    case 4:
      return replaceAt([below(256)], 0);
    case 5:
      return replaceAt(bytes.subarray(at, at + below(16)), 0);
    default:
      return replaceAt(other.subarray(at), bytes.length);
  }
}

/** mulberry32: small, and the same everywhere. */
function randomBelow(seed: number): Below {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
