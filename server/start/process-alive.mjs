/** Looks at another process by its pid. */
import { existsSync, readFileSync } from "node:fs";

/** A process that ended and that nobody waited for (a zombie) still has a pid, but it does nothing any more: it is not alive.
 *  @param {number} pid @returns {boolean} */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (e) {
    if (/** @type {NodeJS.ErrnoException} */ (e).code !== "EPERM") return false;
  }
  return !hasProc() || commandLine(pid) !== "";
}

/** @param {number} pid @returns {string} its arguments; empty for a zombie, and where there is no /proc */
export function commandLine(pid) {
  return fromProc(pid, "cmdline");
}

/** When the process began, in the kernel's clock: with the pid it names a process, as pids are used again, above all in
 *  containers. @param {number} pid @returns {string} empty where there is no /proc */
export function startedAt(pid) {
  const stat = fromProc(pid, "stat");
  return stat.slice(stat.lastIndexOf(")")).split(" ")[20] ?? ""; // field 22 of proc(5)
}

/** @returns {boolean} whether this system shows its processes in /proc */
export function hasProc() {
  return existsSync("/proc/self/cmdline");
}

/** @param {number} pid @param {string} name */
function fromProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
