/** A cluster on disk: made once, looked at before each start. */
import { randomBytes } from "node:crypto";
import { chownSync, closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { oneAtATime } from "./one-at-a-time.mjs";
import { runTool } from "./postgres-binaries.mjs";
import { commandLine, hasProc, isAlive } from "./process-alive.mjs";
import { StartError } from "./start-error.mjs";

const LOG_BYTES = 10_000_000;

/** @typedef {import("./postgres-place.mjs").Place} Place */

/** Makes the cluster when it is not there. A killed initdb leaves nothing that counts. @param {Place} place */
export async function makeCluster({ native, folder, account }) {
  const cluster = path.join(folder, "cluster");
  if (existsSync(cluster)) return refuseOtherMajor({ native, folder, account });
  await oneAtATime(path.join(folder, "initdb.lock"), async () => {
    if (existsSync(cluster)) return;
    const fresh = `${cluster}.new`;
    const password = path.join(folder, "password");
    rmSync(fresh, { recursive: true, force: true });
    writeFor(account, password, `${randomBytes(24).toString("base64url")}\n`);
    const { code, out } = await runTool(
      native,
      "initdb",
      [
        ...["-D", fresh, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${password}`, "--encoding=UTF8"],
        ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
      ],
      account,
    );
    if (code !== 0) throw new StartError(`Postgres could not make a database in ${folder}:\n${out}`);
    renameSync(fresh, cluster); // from here on the cluster counts as made
  });
}

/** @param {Place} place */
async function refuseOtherMajor({ native, folder, account }) {
  const have = readFileSync(path.join(folder, "cluster/PG_VERSION"), "utf8").trim();
  const { out } = await runTool(native, "postgres", ["--version"], account);
  const want = out.match(/(\d+)\./)?.[1];
  if (want && have !== want)
    throw new StartError(
      `${folder} was made by Postgres ${have}, and this release brings Postgres ${want}. Dump it with the release that made it and load the dump here.`,
    );
}

/** Makes server.log ready for the account; a long one is put aside. @param {Place} place @returns {string} its path */
export function openLog({ folder, account }) {
  const file = path.join(folder, "server.log");
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) renameSync(file, `${file}.1`);
  writeFor(account, file);
  return file;
}

/** Creates the file for the account's eyes only; with `text`, with that content.
 *  @param {import("./postgres-binaries.mjs").Account} account @param {string} file @param {string} [text] */
function writeFor({ uid, gid }, file, text) {
  closeSync(openSync(file, "a", 0o600));
  if (text !== undefined) writeFileSync(file, text);
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
}

/** The end of a text file, for an error message. @param {string} file */
export function lastLines(file) {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  } catch {
    return "";
  }
}

/** postmaster.pid, if the process in it is alive and really is a Postgres: pids get used again, above all in containers.
 *  @param {string} folder the place's
 *  @returns {{ pid: number, port: number, ready: boolean } | undefined} */
export function livePostmaster(folder) {
  let lines;
  try {
    lines = readFileSync(path.join(folder, "cluster/postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!isAlive(pid) || (hasProc() && !commandLine(pid).includes("postgres"))) return undefined;
  return { pid, port: Number(lines[3]), ready: (lines[7] ?? "").trim() === "ready" };
}

/** @param {string} folder the place's @returns {string} the password that initdb gave to the superuser */
export function clusterPassword(folder) {
  return readFileSync(path.join(folder, "password"), "utf8").trim();
}
