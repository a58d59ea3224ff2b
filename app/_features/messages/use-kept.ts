"use client";
import { useEffect, useMemo, useRef } from "react";
import { keepUnchanged } from "./keep-unchanged";

/** Takes a list that comes anew with each view; returns it with the former objects wherever they say the same. `keyOf` must not change. */
export function useKept<T>(fresh: readonly T[] | undefined, keyOf: (element: T) => string): readonly T[] | undefined {
  const former = useRef<readonly T[]>([]);
  const kept = useMemo(() => fresh && keepUnchanged(former.current, fresh, keyOf), [fresh, keyOf]);
  useEffect(() => {
    if (kept) former.current = kept;
  }, [kept]);
  return kept;
}
