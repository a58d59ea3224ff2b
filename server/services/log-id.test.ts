import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { readLogId } from "./log-id";

let database: TestDatabase;
let warnings: string[] = [];
const log = { warn: (message: string) => void warnings.push(message) };
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function change(field: string, value: unknown): Promise<void> {
  await database.pool.query("UPDATE server_state SET value = value || jsonb_build_object($1::text, $2::jsonb) WHERE key = 'log_id'", [
    field,
    JSON.stringify(value),
  ]);
}

test("the log keeps its identity over starts, also of several processes at once", async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => readLogId(database.pool, log)));
  expect(new Set([...ids, await readLogId(database.pool, log)]).size).toBe(1);
});

test("another cluster, timeline or database is another log", async () => {
  for (const [field, value] of [
    ["systemIdentifier", "1"],
    ["timeline", "0000000A"],
    ["databaseOid", 1],
  ] as const) {
    const before = await readLogId(database.pool, log);
    warnings = [];
    await change(field, value);
    const after = await readLogId(database.pool, log);
    expect(after).not.toBe(before);
    expect(warnings).toHaveLength(1);
    expect(await readLogId(database.pool, log)).toBe(after);
  }
});

test("without the right to see the cluster's identity it goes on, and says so once", async () => {
  const before = await readLogId(database.pool, log);
  // NOTE: roles are shared by all databases of a server.
  const role = `parley_test_${randomBytes(6).toString("hex")}`;
  await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'only-for-tests'`);
  await database.pool.query(`GRANT SELECT, INSERT, UPDATE ON server_state TO ${role}`);
  await database.pool.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  const url = new URL(database.url);
  [url.username, url.password] = [role, "only-for-tests"];
  const pool = new pg.Pool({ connectionString: url.href });
  warnings = [];
  try {
    expect(await readLogId(pool, log)).toBe(before);
    expect(warnings).toHaveLength(1);
  } finally {
    await pool.end();
    await database.pool.query(`DROP OWNED BY ${role}`);
    await database.pool.query(`DROP ROLE ${role}`);
  }
});
