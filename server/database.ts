/** The one pool of connections: Prisma and raw SQL share it. */
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/prisma/client";
import type { Logger } from "./log";

const MAX_CONNECTIONS = 20;
/** How long a request waits for a free connection before it is answered `unavailable`. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** No statement of ours needs this long, waiting for locks included; a stuck one must not hold its connection for ever. */
const STATEMENT_TIMEOUT_MS = 5_000;

export type Database = { pool: pg.Pool; prisma: PrismaClient; close(): Promise<void> };

/** Connects on first use, and again by itself after the database was away. */
export function createDatabase({ url, log, max = MAX_CONNECTIONS }: { url: string; log: Logger; max?: number }): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "parley",
  });
  // NOTE: without a listener, the error of an idle connection ends the process.
  pool.on("error", (err) => log.warn("database connection lost", { err }));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
  return {
    pool,
    prisma,
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
