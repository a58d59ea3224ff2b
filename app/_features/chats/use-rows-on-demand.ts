"use client";
import { type RefObject, useEffect, useState } from "react";

const PAGE = 100;
/** More rows are made when the end is this near, so that scrolling does not meet it. */
const AHEAD_PX = 1_200;

/**
 * How many rows of a long list to make: those that have been scrolled to, and the one at `atLeast`. A thousand rows cost time at the start and
 * with each new order; few people ever scroll that far. Takes what stands after the last row. Returns a number up to `total`.
 */
export function useRowsOnDemand(end: RefObject<HTMLElement | null>, total: number, atLeast: number): number {
  const [wanted, setWanted] = useState(PAGE);
  const made = Math.min(total, Math.max(wanted, atLeast + PAGE / 5));
  const more = made < total;
  useEffect(() => {
    if (!end.current || !more) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setWanted(made + PAGE), {
      root: end.current.parentElement,
      rootMargin: `${AHEAD_PX}px`,
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [end, more, made]);
  return made;
}
