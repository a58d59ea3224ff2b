import { createTestDatabase as createDatabase, type TestDatabase as Database } from "../../testing/database";

export type TestDatabase = Database & { query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> };

/** A database of its own, which tests may look into with SQL. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  return { ...database, query: async (sql, values) => (await database.pool.query<Record<string, unknown>>(sql, values)).rows };
}
