/** Lets one process at a time do a piece of work: two starts of one folder must not both install, build or run initdb.
 *  The lock is a file that names its holder; the lock of a process that is gone counts for nothing. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, startedAt } from "./process-alive.mjs";

const POLL_MS = 200;

/** @template T
 *  @param {string} file the lock @param {() => Promise<T>} work
 *  @param {{ waiting?: () => void }} options `waiting` is called once when another process holds the lock
 *  @returns {Promise<T>} what `work` returned */
export async function oneAtATime(file, work, { waiting } = {}) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = `${process.pid} ${startedAt(process.pid)}`;
  for (let first = true; !take(file, mine); first = false) {
    if (first) waiting?.();
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    if (holder(file) === mine) rmSync(file, { force: true });
  }
}

/** @param {string} file @param {string} mine */
function take(file, mine) {
  const held = holder(file);
  if (held !== undefined && holds(held)) return false;
  const fresh = `${file}.${process.pid}`;
  if (held !== undefined) {
    // Its holder is gone. Move it away; when another process was quicker, what we moved is a live lock: put it back.
    try {
      renameSync(file, fresh);
    } catch {
      return false;
    }
    if (holder(fresh) !== held) linkOnce(fresh, file);
    rmSync(fresh, { force: true });
  }
  writeFileSync(fresh, mine);
  const taken = linkOnce(fresh, file); // fails when the file exists: so one of many wins, and nobody sees half a lock
  rmSync(fresh, { force: true });
  return taken;
}

/** @param {string} from @param {string} to */
function linkOnce(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} file */
function holder(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} held */
function holds(held) {
  const [pid = "", since = ""] = held.split(" ");
  return isAlive(Number(pid)) && startedAt(Number(pid)) === since;
}
