/** The tests that come inside the `pusher` package, unmodified, against a whole server. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTestDatabase } from "../testing/database";
import { startTestServer } from "./testing/test-server";

const run = promisify(execFile);

test("the remote tests of the stock server library pass", async () => {
  const database = await createTestDatabase();
  const server = await startTestServer(database.url);
  const { appId, key, secret } = server.app.settings.realtime;
  const PUSHER_URL = `http://${key}:${secret}@localhost:${server.port}/apps/${appId}`;

  const { stdout } = await run("node", ["node_modules/mocha/bin/mocha", "--reporter", "json", "node_modules/pusher/tests/remote/**/*.js"], {
    env: { ...process.env, PUSHER_URL },
  });

  expect(JSON.parse(stdout)).toMatchObject({ stats: { passes: 7, failures: 0, pending: 0 } });
  await server.close();
  await database.drop();
});

test("a web page can't call it, even with the secret", async () => {
  const database = await createTestDatabase();
  const server = await startTestServer(database.url);

  const reply = await server.browser({ origin: "https://elsewhere.example" }).post("/apps/1/events", {});

  expect(reply).toMatchObject({ status: 403, json: { code: "forbidden" } });
  await server.close();
  await database.drop();
});
