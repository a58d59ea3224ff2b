/** A server of the shape that the start expects: it listens when imported, asks the database, and lets go on close(). */
import { createServer } from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2, connectionTimeoutMillis: 2000 });
pool.on("error", () => {}); // a lost connection is replaced at the next query

const server = createServer((_request, response) => {
  pool.query("SELECT current_setting('port') AS port, count(*)::int AS migrations FROM _prisma_migrations").then(
    ({ rows }) => response.end(JSON.stringify({ ...rows[0], hasSecret: Boolean(process.env.PARLEY_AUTH_SECRET) })),
    (e) => response.writeHead(503).end(e.message),
  );
});
await new Promise((resolve, reject) => {
  server.once("error", reject).listen(Number(process.env.PORT), "127.0.0.1", () => resolve(undefined));
});

export async function close() {
  server.close();
  server.closeAllConnections();
  await pool.end();
}
