/** Progress lines of a start: how long it took so far, and what happens. */

/** @returns {(text: string) => void} */
export function createSay() {
  const started = performance.now();
  return (text) => console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);
}
