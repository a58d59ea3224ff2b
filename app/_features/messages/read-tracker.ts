/** Decides when messages count as read: the end of their row was visible in a focused window for a second without a break. */

export const READ_AFTER_MS = 1_000;

export type ReadTrackerDeps = {
  now: () => number;
  /** Calls `run` once after `ms`; returns what cancels it. */
  later: (run: () => void, ms: number) => () => void;
  /** Everything up to `seq` is read. Called with growing values only. */
  markRead: (seq: number) => void;
};

/**
 * Takes a clock, a timer and what to do with the result. Returns: `reset` (read up to here already), `visible` (the end of the row of
 * `seq` came into view or left it), `focus` (window got or lost focus), `stop`.
 */
export function createReadTracker({ now, later, markRead }: ReadTrackerDeps) {
  const visibleSince = new Map<number, number>();
  let focusedSince: number | null = null;
  let readSeq = 0;
  let cancel = () => {};

  function check() {
    cancel();
    if (focusedSince === null) return;
    let due = Number.POSITIVE_INFINITY;
    let read = readSeq;
    for (const [seq, since] of visibleSince) {
      if (seq <= readSeq) continue;
      const dueAt = Math.max(since, focusedSince) + READ_AFTER_MS;
      if (dueAt <= now()) read = Math.max(read, seq);
      else due = Math.min(due, dueAt);
    }
    if (read > readSeq) {
      readSeq = read;
      markRead(read);
    }
    if (due < Number.POSITIVE_INFINITY) cancel = later(check, due - now());
  }

  return {
    reset(seq: number) {
      readSeq = Math.max(readSeq, seq);
    },
    visible(seq: number, isVisible: boolean) {
      if (!isVisible) visibleSince.delete(seq);
      else if (!visibleSince.has(seq)) visibleSince.set(seq, now());
      check();
    },
    focus(isFocused: boolean) {
      if (isFocused === (focusedSince !== null)) return;
      focusedSince = isFocused ? now() : null;
      check();
    },
    stop: () => cancel(),
  };
}
