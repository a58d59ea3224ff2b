/** Back-off with full jitter, so that thousands of clients do not come back in the same instant. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** Milliseconds to wait before attempt number `attempt` (1 is the first repeat). `random` gives 0 <= x < 1. */
export function retryDelayMs(attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10)));
}
