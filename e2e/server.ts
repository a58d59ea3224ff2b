/** Runs Parley as an operator does: `node server/start/start.mjs` as a process of its own, on a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repository, temporaryDataFolder } from "../server/start/data-folder.mjs";
import { freePort, runningPostgres, startPostgres } from "../server/start/postgres.mjs";

const READY_MS = 60_000;
const STOP_MS = 15_000;
const POLL_MS = 50;

export type ServerOptions = {
  /** Default: a free one. */
  port?: number;
  /** Default: a temporary folder, removed by `stop`. */
  dataFolder?: string;
  /** Settings, on top of the surrounding environment without any of Parley's own. */
  env?: Record<string, string>;
};

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  readonly dataFolder: string;
  /** Of the Node process that runs now. */
  readonly pid: number;
  /** Ends it as an operator does (SIGTERM), and its Postgres if `kill9` left that; removes the data folder if it was a temporary
   *  one. Returns the exit code. */
  stop(): Promise<number | null>;
  /** Ends Node alone, at once; Postgres stays. */
  kill9(): Promise<void>;
  /** Starts it again on the same folder and port, after `kill9` or by ending it as an operator does; resolves when it answers. */
  restart(): Promise<void>;
  /** Everything that it wrote so far, over all its starts. */
  output(): string;
  /** The embedded database, for a look from outside. Throws when it does not run. */
  database(): { url: string; pid: number };
};

/** Starts a server and resolves when /readyz says so. Throws with the server's output when it ends or is not ready in time. */
export async function startServer({ port, dataFolder, env = {} }: ServerOptions = {}): Promise<RunningServer> {
  const folder = dataFolder ?? temporaryDataFolder("parley-e2e");
  const listen = port ?? (await freePort());
  const url = `http://localhost:${listen}`;
  const settings = { ...env, PORT: String(listen), PARLEY_DATA: folder };
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  let child = spawnStart(settings);

  const server: RunningServer = {
    url,
    port: listen,
    dataFolder: folder,
    get pid() {
      return child.pid ?? 0;
    },
    async stop() {
      const code = await end(child, "SIGTERM");
      if (runningPostgres(folder)) await (await startPostgres({ dataFolder: folder })).stop(); // left by kill9
      if (dataFolder === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      return code;
    },
    async kill9() {
      await end(child, "SIGKILL");
    },
    async restart() {
      await end(child, "SIGTERM");
      child = spawnStart(settings);
      await ready(child, url, folder);
    },
    output: () => outputOf(folder),
    database() {
      const running = runningPostgres(folder);
      if (!running) throw new Error(`Postgres of ${folder} does not run`);
      return running;
    },
  };
  try {
    await ready(child, url, folder);
  } catch (e) {
    await server.stop();
    throw e;
  }
  return server;
}

/** Runs a start that is expected to end by itself. Returns its exit code and everything it printed. */
export async function startAndEnd(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [START, "--end-with-parent"], { env: withSettings(env), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

const START = path.join(repository, "server/start/start.mjs");

function spawnStart(settings: Record<string, string> & { PARLEY_DATA: string }): ChildProcess {
  const log = openSync(outputFile(settings.PARLEY_DATA), "a", 0o600);
  const child = spawn(process.execPath, [START, "--end-with-parent"], { env: withSettings(settings), stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

/** The surrounding environment without settings of Parley: what a developer has set must not change a test. */
function withSettings(settings: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PARLEY_|NODE_ENV$|DATABASE_URL$|PORT$|HOST$|LOG_LEVEL$)/.test(name));
  return { ...Object.fromEntries(kept), NODE_ENV: "production", ...settings };
}

const outputFile = (folder: string) => path.join(folder, "output.log");
const outputOf = (folder: string) => readFileSync(outputFile(folder), "utf8");

async function ready(child: ChildProcess, url: string, folder: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (hasEnded(child)) throw new Error(`the server ended with ${child.signalCode ?? child.exitCode}:\n${outputOf(folder)}`);
    if (await answers(`${url}/readyz`)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`the server was not ready within ${READY_MS / 1000} s:\n${outputOf(folder)}`);
}

/** Whether the address answers with a status of 200 to 299. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (hasEnded(child)) return child.exitCode;
  const gone = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}
