/** How services ask Postgres outside Prisma: statements prepared once per connection, 8-byte integers as numbers. */
import pg from "pg";

/** A pool, or one connection of it. */
export type Queryable = Pick<pg.Pool, "query">;

const INT8 = 20;
// NOTE: seqs and counters stay far below 2^53.
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format as "text")),
};

/** Runs one statement. `name` stands for its text: one text per name. The caller says what the rows look like. */
export async function query<Row extends pg.QueryResultRow>(
  db: Queryable,
  name: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const { rows } = await db.query<Row>({ name, text, values, types });
  return rows;
}
