/** Counting in windows that follow one another: cheap enough to have one in each connection. */

export type RateWindow = { startMs: number; count: number };

/** Counts one more. Returns false once the window's allowance is used up. */
export function countIn(window: RateWindow, nowMs: number, max: number, windowMs: number): boolean {
  if (nowMs - window.startMs >= windowMs) {
    window.startMs = nowMs;
    window.count = 0;
  }
  window.count++;
  return window.count <= max;
}
