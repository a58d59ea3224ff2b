/** Runs the long steps of a start (npm, build, a browser's installation) as child processes that a signal can end. */
import { spawn } from "node:child_process";
import { StartError } from "./start-error.mjs";

const QUIET_MS = 10_000;
const KILL_MS = 3000;
const windows = process.platform === "win32";

/** @param {{ say?: (text: string) => void }} deps
 *  @returns `run` resolves when the command ended with 0 and rejects with StartError otherwise; `stop` ends those that run. */
export function createStepRunner({ say = () => {} } = {}) {
  /** @type {Set<import("node:child_process").ChildProcess>} */
  const running = new Set();
  let stopped = false;

  /** @param {string} file @param {string[]} args
   *  @param {{ label?: string, env?: Record<string, string>, cwd?: string, timeoutMs?: number }} options
   *    `label`: said now and then while it runs; `timeoutMs`: the command is ended after that, which counts as a failure */
  function run(file, args, { label, env, cwd, timeoutMs } = {}) {
    return new Promise((resolve, reject) => {
      if (stopped) return reject(new StartError("stopped"));
      const started = performance.now();
      const tick = setInterval(() => {
        if (label) say(`${label} … ${Math.round((performance.now() - started) / 1000)} s`);
      }, QUIET_MS);
      // NOTE: a process group of its own, so that ending it also ends what it started.
      const own = spawn(file, args, {
        cwd,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, ...env },
        detached: !windows,
        shell: windows && file === "npm",
      });
      running.add(own);
      const late = timeoutMs === undefined ? undefined : setTimeout(() => void endGroup(own), timeoutMs);
      const ended = (/** @type {Error | undefined} */ problem) => {
        clearInterval(tick);
        clearTimeout(late);
        running.delete(own);
        problem ? reject(problem) : resolve(undefined);
      };
      own.on("error", (e) => ended(new StartError(`${file} did not run: ${e.message}`)));
      own.on("close", (code, signal) =>
        ended(code === 0 ? undefined : new StartError(`${file} ${args.join(" ")} ended with ${signal ?? code}`)),
      );
    });
  }

  /** Ends the running steps and what they started; resolves when they are gone. No step can start after this. */
  async function stop() {
    stopped = true;
    await Promise.all([...running].map(endGroup));
  }

  return { run, stop };
}

/** @param {import("node:child_process").ChildProcess} child */
async function endGroup(child) {
  const gone = new Promise((resolve) => child.once("close", resolve));
  killGroup(child, "SIGTERM");
  const hard = setTimeout(() => killGroup(child, "SIGKILL"), KILL_MS);
  await gone;
  clearTimeout(hard);
}

/** @param {import("node:child_process").ChildProcess} child @param {NodeJS.Signals} signal */
function killGroup(child, signal) {
  try {
    if (windows || !child.pid) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It ended by itself.
  }
}
