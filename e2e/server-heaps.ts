/** Everything that a server on an embedded database has: each value of each table, each file of its data folder, all of its output. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import type { Heap } from "./find-secrets";
import type { RunningServer } from "./server";

/** Makes Postgres write the log of changes without compressing it, for connections made from now on. */
export async function keepWalSearchable(server: RunningServer): Promise<void> {
  await runSql(server, "ALTER DATABASE parley SET wal_compression = off");
  const [row] = await runSql(server, "SHOW wal_compression");
  if (row?.wal_compression !== "off") throw new Error("the write-ahead log is still compressed");
}

/** Runs one statement as the database's owner. */
export async function runSql(server: RunningServer, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.database().url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of every table as text, with bytes in both of Postgres's spellings, and every value of bytes as it is. */
export async function dumpTables(server: RunningServer): Promise<Heap[]> {
  const client = new pg.Client({ connectionString: server.database().url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT format('%I', table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    );
    const heaps: Heap[] = [];
    for (const { name } of tables) {
      for (const output of ["hex", "escape"]) {
        await client.query(`SET bytea_output = '${output}'`);
        const { rows } = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`);
        heaps.push({ where: `table ${name} (${output})`, bytes: Buffer.from(rows.map(({ line }) => line).join("\n")) });
      }
      await client.query("SET bytea_output = 'hex'");
      const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      const values = rows.flatMap((row) => Object.values(row)).filter((value) => Buffer.isBuffer(value));
      heaps.push({ where: `bytes in table ${name}`, bytes: Buffer.concat(values) });
    }
    return heaps;
  } finally {
    await client.end();
  }
}

/** The files that changed since `sinceMs`, as they are on disk now: tables with what was deleted from them, the write-ahead log, logs,
 *  secrets, output. */
export async function readFiles(server: RunningServer, sinceMs: number): Promise<Heap[]> {
  await runSql(server, "CHECKPOINT");
  const [row] = await runSql(server, "SHOW data_directory");
  // Where an account can't enter the data folder, its Postgres lies elsewhere.
  const roots = new Set([server.dataFolder, path.dirname(String(row?.data_directory))]);
  const names = [...roots].flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  return [...new Set(names)].flatMap((name) => {
    const bytes = readIfChanged(name, sinceMs);
    return bytes ? [{ where: name, bytes }] : [];
  });
}

/** Postgres removes files of its own while they are read. */
function readIfChanged(name: string, sinceMs: number): Buffer | undefined {
  try {
    return statSync(name).mtimeMs >= sinceMs ? readFileSync(name) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
