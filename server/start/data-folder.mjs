/** Where Parley keeps what must last: PARLEY_DATA, else .parley in the repository. */
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const repository = path.resolve(import.meta.dirname, "../..");

/** @param {Record<string, string | undefined>} env @returns {string} absolute path; a relative setting counts from the working directory */
export function dataFolderOf(env) {
  return env.PARLEY_DATA ? path.resolve(env.PARLEY_DATA) : path.join(repository, ".parley");
}

/** A fresh folder for a throw-away server, which also the account that runs Postgres can enter.
 *  @param {string} prefix @returns {string} absolute path */
export function temporaryDataFolder(prefix) {
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}-`));
  chmodSync(folder, 0o711);
  return folder;
}
