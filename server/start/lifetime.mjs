/** The end of the process, whatever asks for it: a signal, a lost parent, a failure. Everything that was started is ended
 *  once, the latest first, within END_MS. */
import { describeError } from "./start-error.mjs";

const END_MS = 9500;
const PARENT_POLL_MS = 300;

/** @typedef {{
 *    signal: AbortSignal,
 *    onEnd: (step: () => unknown) => void,
 *    end: (code: number, reason?: string) => void,
 *    fail: (error: unknown) => void,
 *    endWithParent: () => void,
 *  }} Lifetime
 *  `signal` is aborted when the end begins; `onEnd` registers what to end; `fail` prints the error and ends with 1 */

/** Takes over the signals of this process. @param {{ say: (text: string) => void }} deps @returns {Lifetime} */
export function createLifetime({ say }) {
  const ending = new AbortController();
  /** @type {(() => unknown)[]} */
  const steps = [];

  async function finish(/** @type {number} */ code) {
    setTimeout(() => {
      console.error(`not everything ended within ${END_MS / 1000} s`);
      process.exit(1);
    }, END_MS).unref();
    let result = code;
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (e) {
        console.error(describeError(e));
        result ||= 1;
      }
    }
    process.exit(result);
  }

  function end(/** @type {number} */ code, /** @type {string | undefined} */ reason = undefined) {
    if (ending.signal.aborted) return;
    if (reason) say(reason);
    ending.abort();
    void finish(code);
  }

  function fail(/** @type {unknown} */ error) {
    if (ending.signal.aborted) return; // what breaks while we end breaks because we end
    console.error(describeError(error));
    end(1);
  }

  function endWithParent() {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) end(0, "the process that started this one is gone: stopping");
    }, PARENT_POLL_MS).unref();
  }

  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => end(0, `${name}: stopping`));
  process.on("uncaughtException", fail);
  return { signal: ending.signal, onEnd: (step) => steps.push(step), end, fail, endWithParent };
}
