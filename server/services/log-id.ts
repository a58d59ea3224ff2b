/** The identity of the chats' logs. It changes when they may have gone back: this is another cluster, another branch of its history
 *  (promotion, point-in-time recovery) or another database than the one the id was made under. Clients then check their cursors. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import { LogId } from "../contract/ids";
import type { Logger } from "../log";
import { sqlState } from "./retry-transient";

const KEY = "log_id";

/** Where the log lives; null where the database does not let us see it. */
type Place = { systemIdentifier: string | null; timeline: string | null; databaseOid: number };
type Stored = Place & { logId: string };

/** Reads the id, or makes a new one where there is none or the place has changed. Safe when several processes start at once. */
export async function readLogId(pool: pg.Pool, log: Pick<Logger, "warn">): Promise<LogId> {
  const place = await readPlace(pool, log);
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock(hashtext('parley log id'))");
    const { rows } = await client.query<{ value: Stored }>("SELECT value FROM server_state WHERE key = $1", [KEY]);
    const stored = rows[0]?.value;
    const kept = stored !== undefined && isSamePlace(stored, place);
    const logId = LogId.parse(kept ? stored.logId : randomUUID());
    const value: Stored = { ...place, logId };
    await client.query("INSERT INTO server_state (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [
      KEY,
      value,
    ]);
    await client.query("COMMIT");
    if (stored !== undefined && !kept) log.warn("the log has a new identity: clients will check where they stand");
    return logId;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

/** What could not be read on one of the two occasions proves nothing. */
function isSamePlace(stored: Stored, place: Place): boolean {
  const same = <T>(a: T | null, b: T | null) => a === null || b === null || a === b;
  return (
    stored.databaseOid === place.databaseOid &&
    same(stored.systemIdentifier, place.systemIdentifier) &&
    same(stored.timeline, place.timeline)
  );
}

async function readPlace(pool: pg.Pool, log: Pick<Logger, "warn">): Promise<Place> {
  const { rows } = await pool.query<{ oid: number }>("SELECT oid::int AS oid FROM pg_database WHERE datname = current_database()");
  const systemIdentifier = await readIfAllowed(pool, log, "SELECT system_identifier::text AS value FROM pg_control_system()");
  // The first 8 digits of a WAL file's name are the timeline that is being written, also right after a promotion.
  const timeline = await readIfAllowed(pool, log, "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS value");
  return { systemIdentifier, timeline, databaseOid: rows[0]?.oid ?? 0 };
}

async function readIfAllowed(pool: pg.Pool, log: Pick<Logger, "warn">, text: string): Promise<string | null> {
  try {
    return (await pool.query<{ value: string }>(text)).rows[0]?.value ?? null;
  } catch (error) {
    // Insufficient privilege; or a function that this kind of Postgres lacks or does not answer.
    if (!["42501", "42883", "0A000", "55000"].includes(sqlState(error))) throw error;
    log.warn("a restored or promoted database will not be noticed by itself", { code: sqlState(error) });
    return null;
  }
}
