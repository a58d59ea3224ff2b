/** Starts and ends as real processes: the real Postgres and supervision around a tiny server (testing/tiny-server.mjs). */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryDataFolder } from "./data-folder.mjs";
import { freePort, runningPostgres, startPostgres } from "./postgres.mjs";
import { isAlive } from "./process-alive.mjs";

const SCRIPT = path.join(import.meta.dirname, "testing/start-tiny-server.mjs");
vi.setConfig({ testTimeout: 120_000 }); // several starts each, beside other tests
const started: ChildProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const folder of folders.splice(0)) {
    if (runningPostgres(folder)) await (await startPostgres({ dataFolder: folder })).stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

function newFolder(): string {
  const folder = temporaryDataFolder("parley start");
  folders.push(folder);
  return folder;
}

/** Starts the tiny server. `ready` resolves once it said so, `ended` with its exit code. */
function start(env: { PARLEY_DATA: string; PORT: string } & Record<string, string>) {
  const child = spawn(process.execPath, [SCRIPT], { env: { PATH: process.env.PATH, NODE_ENV: "test", ...env } });
  started.push(child);
  const ended = once(child, "close").then(([code]) => code as number | null);
  let output = "";
  const ready = new Promise<void>((resolve, reject) => {
    const add = (chunk: Buffer) => {
      output += chunk;
      if (output.includes("Parley is ready")) resolve();
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    void ended.then((code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  ready.catch(() => undefined); // a start that is meant to fail is asked for `ended` only
  return { child, ready, ended, output: () => output };
}

const ask = async (port: string) => (await fetch(`http://127.0.0.1:${port}/`)).json() as Promise<{ port: string; migrations: number }>;
const answersAgain = (port: string) =>
  expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/`)).status, { timeout: 15_000, interval: 50 }).toBe(200);
function postgresPid(folder: string): number {
  const running = runningPostgres(folder);
  if (!running) throw new Error("Postgres does not run");
  return running.pid;
}
const aPort = async () => String(await freePort());

test("serves from a data folder that did not exist, in a path with spaces, and leaves no process behind", async () => {
  const PARLEY_DATA = path.join(newFolder(), "my data");
  folders.push(PARLEY_DATA);
  const PORT = await aPort();
  const server = start({ PARLEY_DATA, PORT });
  await server.ready;
  expect(await ask(PORT)).toMatchObject({ hasSecret: true });
  expect(server.output()).toContain(`http://localhost:${PORT}`);
  expect(server.output()).toContain(PARLEY_DATA);
  expect(server.output()).toContain("Ctrl-C");
  expect(statSync(path.join(PARLEY_DATA, "secrets.json")).mode & 0o777).toBe(0o600);
  const postgres = postgresPid(PARLEY_DATA);
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  expect(isAlive(postgres)).toBe(false);
});

test.each(["SIGINT", "SIGHUP"] as const)("%s ends everything", async (signal) => {
  const PARLEY_DATA = newFolder();
  const server = start({ PARLEY_DATA, PORT: await aPort() });
  await server.ready;
  const postgres = postgresPid(PARLEY_DATA);
  server.child.kill(signal);
  server.child.kill(signal);
  expect(await server.ended).toBe(0);
  expect(isAlive(postgres)).toBe(false);
});

test("a signal during the first start leaves no process behind", async () => {
  const PARLEY_DATA = newFolder();
  const server = start({ PARLEY_DATA, PORT: await aPort() });
  await expect.poll(() => runningPostgres(PARLEY_DATA)?.pid, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0);
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  expect(runningPostgres(PARLEY_DATA)).toBeUndefined();
});

test("a second start on the same data folder says so, and the first goes on", async () => {
  const PARLEY_DATA = newFolder();
  const PORT = await aPort();
  await start({ PARLEY_DATA, PORT }).ready;
  const second = start({ PARLEY_DATA, PORT: await aPort() });
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`Another Parley server is running on ${PARLEY_DATA}`);
  expect(second.output()).not.toMatch(/^\s+at /m);
  expect((await fetch(`http://127.0.0.1:${PORT}/`)).status).toBe(200);
});

test("a taken port is named, and Postgres is stopped again", async () => {
  const PARLEY_DATA = newFolder();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const PORT = String(typeof address === "object" ? address?.port : address);
  const server = start({ PARLEY_DATA, PORT });
  expect(await server.ended).toBe(1);
  expect(server.output()).toContain(`Port ${PORT} is in use on 127.0.0.1. Set PORT`);
  expect(server.output()).not.toMatch(/^\s+at /m);
  expect(runningPostgres(PARLEY_DATA)).toBeUndefined();
  other.close();
});

test("after kill -9 of the server, the next start takes over its Postgres", async () => {
  const PARLEY_DATA = newFolder();
  const PORT = await aPort();
  const first = start({ PARLEY_DATA, PORT });
  await first.ready;
  const postgres = postgresPid(PARLEY_DATA);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = start({ PARLEY_DATA, PORT });
  await second.ready;
  expect(postgresPid(PARLEY_DATA)).toBe(postgres);
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
  expect(isAlive(postgres)).toBe(false);
});

test("after kill -9 of the server and Postgres, the next start recovers", async () => {
  const PARLEY_DATA = newFolder();
  const PORT = await aPort();
  const first = start({ PARLEY_DATA, PORT });
  await first.ready;
  const secrets = readFileSync(path.join(PARLEY_DATA, "secrets.json"), "utf8");
  process.kill(postgresPid(PARLEY_DATA), "SIGKILL");
  first.child.kill("SIGKILL");
  await first.ended;
  await start({ PARLEY_DATA, PORT }).ready;
  expect((await ask(PORT)).migrations).toBeGreaterThan(0);
  expect(readFileSync(path.join(PARLEY_DATA, "secrets.json"), "utf8")).toBe(secrets);
});

test("kill -9 of Postgres: it comes back on the same port, and three times in a row end the server with a reason", async () => {
  const PARLEY_DATA = newFolder();
  const PORT = await aPort();
  const server = start({ PARLEY_DATA, PORT });
  await server.ready;
  const before = await ask(PORT);
  for (let i = 0; i < 2; i++) {
    const pid = postgresPid(PARLEY_DATA);
    process.kill(pid, "SIGKILL");
    await expect.poll(() => server.output().match(/started Postgres/g)?.length, { timeout: 15_000, interval: 50 }).toBe(i + 2);
    await answersAgain(PORT);
    expect(postgresPid(PARLEY_DATA)).not.toBe(pid);
    expect((await ask(PORT)).port).toBe(before.port);
  }
  const second = start({ PARLEY_DATA, PORT: await aPort() });
  expect(await second.ended).toBe(1); // the lock was taken again
  process.kill(postgresPid(PARLEY_DATA), "SIGKILL");
  expect(await server.ended).toBe(1);
  expect(server.output()).toContain("Postgres failed 3 times in a row");
});

test("a database that does not answer gives one line without the password", async () => {
  const port = await aPort();
  const server = start({
    PARLEY_DATA: newFolder(),
    PORT: await aPort(),
    DATABASE_URL: `postgresql://parley:hunter2@localhost:${port}/chat`,
  });
  expect(await server.ended).toBe(1);
  expect(server.output().trim().split("\n")).toHaveLength(1);
  expect(server.output()).toContain(`localhost:${port}/chat (DATABASE_URL) does not answer: connect ECONNREFUSED`);
  expect(server.output()).not.toContain("hunter2");
});

test("an address that is none is told in one line", async () => {
  const server = start({ PARLEY_DATA: newFolder(), PORT: await aPort(), DATABASE_URL: "localhost/chat" });
  expect(await server.ended).toBe(1);
  expect(server.output().trim().split("\n")).toHaveLength(1);
});

test.each(["fsync", "full_page_writes", "synchronous_commit"])("refuses a Postgres with %s off, unless told", async (setting) => {
  const elsewhere = newFolder();
  const { url } = await startPostgres({ dataFolder: elsewhere, settings: [`${setting}=off`] });
  const env = { PARLEY_DATA: newFolder(), PORT: await aPort(), DATABASE_URL: url };
  const refused = start(env);
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toContain(`Postgres runs with ${setting}=off`);
  const warned = start({ ...env, PARLEY_UNSAFE_POSTGRES: "1" });
  await warned.ready;
  expect(warned.output()).toContain(`WARNING: Postgres runs with ${setting}=off`);
  warned.child.kill("SIGTERM");
  expect(await warned.ended).toBe(0);
  expect(runningPostgres(elsewhere)).toBeDefined(); // not ours to stop
});
