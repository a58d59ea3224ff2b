/** Secrets that the operator did not set are made once and kept beside the data. */
import { randomBytes, randomInt } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { StartError } from "./start-error.mjs";

/** @type {Record<string, () => string>} */
const MAKE = {
  PARLEY_AUTH_SECRET: () => randomBytes(32).toString("base64url"),
  PARLEY_REALTIME_APP_ID: () => String(randomInt(100_000, 1_000_000)),
  PARLEY_REALTIME_KEY: () => randomBytes(10).toString("hex"),
  PARLEY_REALTIME_SECRET: () => randomBytes(20).toString("hex"),
};

/** Reads secrets.json of the data folder, making it or what is missing in it.
 *  @param {string} dataFolder @returns {Record<string, string>} by name of the setting
 *  @throws StartError when the file cannot be read or written */
export function keptSecrets(dataFolder) {
  const file = path.join(dataFolder, "secrets.json");
  mkdirSync(dataFolder, { recursive: true, mode: 0o711 });
  const made = Object.fromEntries(Object.entries(MAKE).map(([name, make]) => [name, make()]));
  try {
    const kept = read(file);
    if (kept && Object.keys(MAKE).every((name) => kept[name])) return kept;
    write(file, { ...made, ...kept }, kept === undefined);
    return read(file) ?? made;
  } catch (e) {
    throw new StartError(`${file} cannot be used: ${/** @type {Error} */ (e).message}`);
  }
}

/** @param {string} file @returns {Record<string, string> | undefined} */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (e) {
    if (/** @type {NodeJS.ErrnoException} */ (e).code === "ENOENT") return undefined;
    throw e;
  }
}

/** Whole or not at all. `first`: a file that another start wrote meanwhile stays.
 *  @param {string} file @param {Record<string, string>} secrets @param {boolean} first */
function write(file, secrets, first) {
  const fresh = `${file}.${process.pid}`;
  rmSync(fresh, { force: true });
  const handle = openSync(fresh, "wx", 0o600);
  writeSync(handle, `${JSON.stringify(secrets, null, 2)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  if (!first) return renameSync(fresh, file);
  try {
    linkSync(fresh, file);
  } catch (e) {
    if (/** @type {NodeJS.ErrnoException} */ (e).code !== "EEXIST") throw e;
  } finally {
    rmSync(fresh, { force: true });
  }
}
