/** Views come from the worker as fresh copies. Reusing the former object where nothing changed lets memoised rows stay as they are. */

/** Takes plain values (what can be cloned across a worker's border); returns whether they are equal in depth. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!sameValue(left[key], right[key])) return false;
  return true;
}

/**
 * Takes the former list, the fresh one, and what identifies an element. Returns the fresh list with former elements in place of equal
 * ones; the former list itself if all are equal and in the same order.
 */
export function keepUnchanged<T>(former: readonly T[], fresh: readonly T[], keyOf: (element: T) => string): readonly T[] {
  const byKey = new Map(former.map((element) => [keyOf(element), element]));
  const kept = fresh.map((element) => {
    const before = byKey.get(keyOf(element));
    return before !== undefined && sameValue(before, element) ? before : element;
  });
  return kept.length === former.length && kept.every((element, index) => element === former[index]) ? former : kept;
}
