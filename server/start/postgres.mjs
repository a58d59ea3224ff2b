/** The embedded database: starts, finds again and stops one Postgres cluster under the data folder.
 *  Invariant: pg_ctl owns the process, so Postgres survives a killed Node and the next start takes it over. */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oneAtATime } from "./one-at-a-time.mjs";
import { runTool } from "./postgres-binaries.mjs";
import { clusterPassword, lastLines, livePostmaster, makeCluster, openLog } from "./postgres-cluster.mjs";
import { possibleFolders, postgresPlace } from "./postgres-place.mjs";
import { StartError } from "./start-error.mjs";

const START_MS = 30_000;
const RECOVERY_MS = 600_000;
const RETRY_MS = 200;
const DATABASE = "parley";

const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "shared_buffers=128MB",
  "max_connections=100",
  "jit=off", // compiling costs more than our short queries take
  "log_error_verbosity=terse", // no DETAIL lines: they would put column values into server.log
];

/** @typedef {{ url: string, pid: number, port: number, reused: boolean, folder: string, stop: () => Promise<boolean> }} Postgres
 *  `url` names the database "parley"; `reused`: it ran before; `stop` resolves to false when Postgres would not go */

/** Starts or takes over the cluster of the data folder, making it first when there is none.
 *  @param {{ dataFolder: string, port?: number, settings?: string[], startMs?: number, signal?: AbortSignal, say?: (text: string) => void }} options
 *    `port`: the one to listen on (default: a free one); `settings`: more of postgresql.conf, as name=value;
 *    `startMs`: how long starting is tried, recovery not counted; `signal`: gives up, and leaves nothing running that it started
 *  @returns {Promise<Postgres>} @throws StartError when Postgres does not start */
export async function startPostgres({ dataFolder, port, settings = [], startMs = START_MS, signal, say = () => {} }) {
  const place = await postgresPlace(path.resolve(dataFolder));
  await makeCluster(place);
  const { reused, ...live } = await startOrWait(place, { port, settings, startMs, signal });
  say(`${reused ? "took over" : "started"} Postgres (pid ${live.pid}, port ${live.port}, ${place.folder})`);
  return {
    url: await databaseUrl(place.folder, live.port),
    pid: live.pid,
    port: live.port,
    reused,
    folder: place.folder,
    stop: () => stopPostgres(place),
  };
}

/** @param {import("./postgres-place.mjs").Place} place
 *  @param {{ port: number | undefined, settings: string[], startMs: number, signal: AbortSignal | undefined }} options */
async function startOrWait(place, { port, settings, startMs, signal }) {
  const log = openLog(place);
  const compression = await walCompression(place);
  const begun = Date.now();
  let reused = true;
  for (;;) {
    const live = livePostmaster(place.folder);
    if (live?.ready) return { pid: live.pid, port: live.port, reused };
    if (signal?.aborted) {
      if (!reused) await stopPostgres(place);
      throw new StartError("The start of Postgres was given up.");
    }
    const waited = Date.now() - begun;
    if (waited > (live ? RECOVERY_MS : startMs))
      throw new StartError(`Postgres did not start in ${Math.round(waited / 1000)} s. The end of ${log}:\n${lastLines(log)}`);
    if (!live) {
      reused = false;
      const arguments_ = startArguments(place.folder, log, port ?? (await freePort()), [...SETTINGS, ...compression, ...settings]);
      await oneAtATime(path.join(place.folder, "start.lock"), () => startOnce(place, arguments_));
    }
    await sleep(RETRY_MS); // it is starting, recovering or stopping, or backends of a killed postmaster need a moment to go
  }
}

/** @param {string} folder @param {string} log @param {number} port @param {string[]} settings */
function startArguments(folder, log, port, settings) {
  const options = [`-p ${port}`, ...settings.map((setting) => `-c ${setting}`)].join(" ");
  return ["start", "-w", "-t", "5", "-D", path.join(folder, "cluster"), "-l", log, "-o", options];
}

/** @param {import("./postgres-place.mjs").Place} place @param {string[]} pgCtl */
async function startOnce({ native, folder, account }, pgCtl) {
  if (livePostmaster(folder)) return; // another start was quicker
  rmSync(path.join(folder, "cluster/postmaster.pid"), { force: true });
  await runTool(native, "pg_ctl", pgCtl, account, { discardOutput: true });
}

/** lz4 when this build has it: less to write, hardly any work. The older pglz costs more than it saves.
 *  @param {import("./postgres-place.mjs").Place} place @returns {Promise<string[]>} */
async function walCompression({ native, folder, account }) {
  const args = ["-D", path.join(folder, "cluster"), "-c", "wal_compression=lz4", "-C", "wal_compression"];
  const { out } = await runTool(native, "postgres", args, account);
  return out.trim() === "lz4" ? ["wal_compression=lz4"] : [];
}

/** @param {import("./postgres-place.mjs").Place} place @returns {Promise<boolean>} whether it is gone */
async function stopPostgres({ native, folder, account }) {
  const stop = (/** @type {string} */ mode, /** @type {string} */ seconds) =>
    runTool(native, "pg_ctl", ["stop", "-w", "-t", seconds, "-m", mode, "-D", path.join(folder, "cluster")], account);
  if ((await stop("fast", "4")).code === 0) return true;
  // It could not write everything back in time. Nothing is lost: the next start recovers from the write-ahead log.
  return (await stop("immediate", "2")).code === 0 || livePostmaster(folder) === undefined;
}

/** The URL of the database "parley", made when it is not there yet. @param {string} folder @param {number} port */
async function databaseUrl(folder, port) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: clusterUrl(folder, port, "postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (e) {
    if (/** @type {{ code?: string }} */ (e).code !== "42P04") throw e; // another start made it at the same moment
  } finally {
    await client.end();
  }
  return clusterUrl(folder, port, DATABASE);
}

/** @param {string} folder @param {number} port @param {string} database */
function clusterUrl(folder, port, database) {
  return `postgresql://postgres:${encodeURIComponent(clusterPassword(folder))}@127.0.0.1:${port}/${database}`;
}

/** Where the embedded database of a data folder can be reached right now, for a look from outside.
 *  @param {string} dataFolder @returns {{ url: string, pid: number } | undefined} undefined when it does not run */
export function runningPostgres(dataFolder) {
  for (const folder of possibleFolders(path.resolve(dataFolder))) {
    const live = livePostmaster(folder);
    if (live) return { url: clusterUrl(folder, live.port, DATABASE), pid: live.pid };
  }
  return undefined;
}

/** @returns {Promise<number>} a port of 127.0.0.1 that nobody listens on now */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
