/** A real database of its own for each test file: a copy of the migrated template that vitest's global set-up made. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { createDatabase, type Database } from "../database";
import { createLogger } from "../log";

export type TestDatabase = Database & {
  url: string;
  /** A look into it with SQL. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Closes all connections and removes the database. */
  drop(): Promise<void>;
};

/** Throws where vitest's global set-up did not run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = new URL(process.env.PARLEY_TEST_TEMPLATE_URL ?? "");
  const url = new URL(template);
  const name = `parley_test_${randomBytes(8).toString("hex")}`;
  url.pathname = `/${name}`;
  await runOnServer(template, `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`);
  const database = createDatabase({ url: url.href, log: createLogger("silent") });
  return {
    ...database,
    url: url.href,
    query: async (sql, values) => (await database.pool.query<Record<string, unknown>>(sql, values)).rows,
    async drop() {
      await database.close();
      await runOnServer(template, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Asks the pool and notes the code of each statement that failed. */
export function notingErrors(pool: pg.Pool): { db: Pick<pg.Pool, "query">; errors: unknown[] } {
  const errors: unknown[] = [];
  const query = async (config: pg.QueryConfig) => {
    try {
      return await pool.query(config);
    } catch (error) {
      errors.push((error as { code?: unknown }).code);
      throw error;
    }
  };
  return { db: { query } as unknown as Pick<pg.Pool, "query">, errors };
}

/** Resolves when so many connections of this database wait for a lock. */
export async function untilWaiting(pool: pg.Pool, count: number): Promise<void> {
  const text = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  for (;;) {
    const { rows } = await pool.query<{ n: number }>(text);
    if ((rows[0]?.n ?? 0) >= count) return;
  }
}

/** The template itself must have no connections while it is copied. */
async function runOnServer(template: URL, sql: string): Promise<void> {
  const admin = new URL(template);
  admin.pathname = "/postgres";
  const client = new pg.Client({ connectionString: admin.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
