/** Which account runs Postgres, and where its files lie. Postgres refuses to run as root, and a root start is common
 *  (containers, servers): it lends Postgres an account that is there already, and never creates one. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { packagedBinaries, runTool } from "./postgres-binaries.mjs";
import { StartError } from "./start-error.mjs";

/** @typedef {{ native: string, folder: string, account: import("./postgres-binaries.mjs").Account }} Place
 *  `native`: the binaries; `folder`: holds cluster/, password and server.log */

/** @param {string} dataFolder absolute @returns {Promise<Place>} */
export async function postgresPlace(dataFolder) {
  const native = packagedBinaries();
  const [folder = ""] = possibleFolders(dataFolder);
  // Others may pass through the data folder (the account of Postgres must) but not list it.
  mkdirSync(dataFolder, { recursive: true, mode: 0o711 });
  const account = lentAccount(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!account) return { native, folder, account: {} };
  chownSync(folder, account.uid, account.gid);
  if (await canUse({ native, folder, account })) return { native, folder, account };
  if (existsSync(path.join(folder, "cluster")))
    throw new StartError(
      `${folder} holds a database but account ${account.uid} cannot reach it any more. Run chmod a+x on its parent folders.`,
    );
  rmSync(folder, { recursive: true, force: true });
  return elsewhere(native, dataFolder, account);
}

/** Root only: the account that owns the folder, else one that every Linux has. initdb wants it to be in /etc/passwd.
 *  @param {string} folder */
function lentAccount(folder) {
  if (process.getuid?.() !== 0) return undefined;
  const rows = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .filter((row) => row.length > 3 && row[2] !== "0");
  const repository = path.resolve(import.meta.dirname, "../..");
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid || statSync(path.dirname(folder)).uid || statSync(repository).uid;
  const row = rows.find((r) => Number(r[2]) === owner) ?? rows.find((r) => r[0] === "postgres") ?? rows.find((r) => r[0] === "nobody");
  if (!row) throw new StartError("Postgres will not run as root, and there is no account postgres or nobody. Set DATABASE_URL instead.");
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

/** @param {Place} place */
async function canUse({ native, folder, account }) {
  const { code } = await runTool(native, "initdb", ["--version"], account);
  if (code !== 0) return false;
  return new Promise((resolve) => {
    const probe = spawn("/bin/sh", ["-c", 'cd "$0" && touch .probe && rm .probe', folder], { ...account, cwd: "/", stdio: "ignore" });
    probe.on("error", () => resolve(false));
    probe.on("close", (status) => resolve(status === 0));
  });
}

/** @param {string} dataFolder absolute */
function elsewhereFolder(dataFolder) {
  return path.join("/var/lib", `parley-${createHash("sha256").update(dataFolder).digest("hex").slice(0, 8)}`);
}

/** @param {string} dataFolder absolute @returns {string[]} where its Postgres may lie */
export function possibleFolders(dataFolder) {
  return [path.join(dataFolder, "postgres"), elsewhereFolder(dataFolder)];
}

/** The account cannot enter the folder (say, a home with mode 700): then /var/lib, with a copy of the binaries.
 *  @param {string} packaged @param {string} dataFolder @param {{ uid: number, gid: number }} account @returns {Place} */
function elsewhere(packaged, dataFolder, account) {
  const folder = elsewhereFolder(dataFolder);
  const { version } = JSON.parse(readFileSync(path.join(packaged, "../package.json"), "utf8"));
  const native = path.join(folder, `pg-${version}`);
  mkdirSync(folder, { recursive: true });
  chownSync(folder, account.uid, account.gid);
  if (!existsSync(native)) {
    const fresh = `${native}.new`;
    rmSync(fresh, { recursive: true, force: true });
    cpSync(packaged, fresh, { recursive: true, verbatimSymlinks: true });
    openTree(fresh);
    renameSync(fresh, native);
  }
  return { native, folder, account };
}

/** @param {string} folder */
function openTree(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) openTree(at);
    else if (entry.isFile()) chmodSync(at, statSync(at).mode & 0o111 ? 0o755 : 0o644);
  }
}
