/** Runs `run` once after `delayMs` milliseconds; returns what cancels it. */
export type SetTimer = (run: () => void, delayMs: number) => () => void;

/** The machine's own timers. */
export const setRealTimer: SetTimer = (run, delayMs) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
