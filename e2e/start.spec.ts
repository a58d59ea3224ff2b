/** The true `node server/start/start.mjs`, started, killed and ended as real processes. No browser. */
import { rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { temporaryDataFolder } from "../server/start/data-folder.mjs";
import { freePort, startPostgres } from "../server/start/postgres.mjs";
import { isAlive } from "../server/start/process-alive.mjs";
import { answers, type RunningServer, startAndEnd, startServer } from "./server";

test.setTimeout(120_000); // several starts each

async function leavesNothing(server: RunningServer): Promise<void> {
  const pids = [server.pid, server.database().pid];
  expect(await server.stop()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
}

test("the first start answers with a page, also from a folder with spaces, and SIGTERM leaves no process", async () => {
  const parent = temporaryDataFolder("parley e2e");
  const dataFolder = path.join(parent, "my data");
  const server = await startServer({ dataFolder });
  const page = await fetch(server.url);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(server.output()).toContain(`Parley is ready on ${server.url}`);
  expect(server.output()).toContain(dataFolder);
  await leavesNothing(server);
  rmSync(parent, { recursive: true, force: true });
});

test("a second start on the same data folder and a taken port say what is wrong, and the first goes on", async () => {
  const server = await startServer();
  const second = await startAndEnd({ PARLEY_DATA: server.dataFolder, PORT: String(await freePort()) });
  expect(second.code).toBe(1);
  expect(second.output).toContain(`Another Parley server is running on ${server.dataFolder}`);

  const elsewhere = temporaryDataFolder("parley-e2e");
  const taken = await startAndEnd({ PARLEY_DATA: elsewhere, PORT: String(server.port) });
  expect(taken.code).toBe(1);
  expect(taken.output).toContain(`Port ${server.port} is in use on 127.0.0.1. Set PORT`);
  expect(taken.output).toContain("Postgres stopped");
  rmSync(elsewhere, { recursive: true, force: true });

  expect(await answers(`${server.url}/readyz`)).toBe(true);
  await leavesNothing(server);
});

test("kill -9 of Node, then of Node and Postgres: each next start is ready again", async () => {
  const server = await startServer();
  await server.kill9();
  await server.restart();
  expect(server.output()).toContain("took over Postgres");
  process.kill(server.database().pid, "SIGKILL");
  await server.kill9();
  await server.restart();
  expect((await fetch(server.url)).status).toBe(200);
  await leavesNothing(server);
});

test("kill -9 of Postgres under a live server: it answers again within seconds, without a new start", async () => {
  const server = await startServer();
  const before = { node: server.pid, postgres: server.database() };
  process.kill(before.postgres.pid, "SIGKILL");
  await expect.poll(() => server.output().match(/started Postgres/g)?.length, { timeout: 10_000, intervals: [50] }).toBe(2);
  await expect.poll(() => answers(`${server.url}/readyz`), { timeout: 10_000, intervals: [50] }).toBe(true);
  expect(server.pid).toBe(before.node);
  expect(server.database().url).toBe(before.postgres.url);
  await leavesNothing(server);
});

test("a wrong DATABASE_URL gives one readable line", async () => {
  const dataFolder = temporaryDataFolder("parley-e2e");
  const port = await freePort();
  const { code, output } = await startAndEnd({
    PARLEY_DATA: dataFolder,
    DATABASE_URL: `postgresql://parley:hunter2@127.0.0.1:${port}/chat`,
  });
  expect(code).toBe(1);
  expect(output.trim().split("\n")).toHaveLength(1);
  expect(output).toContain(`The database 127.0.0.1:${port}/chat (DATABASE_URL) does not answer`);
  expect(output).not.toContain("hunter2");
  rmSync(dataFolder, { recursive: true, force: true });
});

test("a Postgres with fsync off is refused", async () => {
  const dataFolder = temporaryDataFolder("parley-e2e");
  const lossy = await startPostgres({ dataFolder, settings: ["fsync=off"] });
  const { code, output } = await startAndEnd({ PARLEY_DATA: dataFolder, PORT: String(await freePort()), DATABASE_URL: lossy.url });
  await lossy.stop();
  expect(code).toBe(1);
  expect(output).toContain("Postgres runs with fsync=off: it can lose messages");
  expect(output).toContain("PARLEY_UNSAFE_POSTGRES=1");
  rmSync(dataFolder, { recursive: true, force: true });
});
