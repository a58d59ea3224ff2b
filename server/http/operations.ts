/** What operators' tools ask: is the process up, can it work, and its figures. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type pg from "pg";
import type { AppContext } from "../context";
import { AppError } from "../contract/errors";
import { answerJson, answerText } from "./answer";
import { isFromThisMachine } from "./client-address";

/** Up, even while the database is not: restarting the process would not help. */
export function answerHealth(res: ServerResponse): void {
  answerJson(res, 200, { ok: true });
}

/** 200 when the database answers and has all `migrations` (names of folders); else 503 with the reason. */
export async function answerReadiness(app: AppContext, migrations: readonly string[], res: ServerResponse): Promise<void> {
  const reason = await whyNotReady(app.pool, migrations);
  if (reason === null) answerJson(res, 200, { ok: true });
  else answerJson(res, 503, { ok: false, reason });
}

async function whyNotReady(pool: pg.Pool, migrations: readonly string[]): Promise<string | null> {
  try {
    const { rows } = await pool.query<{ migration_name: string }>(
      "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
    );
    const applied = new Set(rows.map((row) => row.migration_name));
    return migrations.every((name) => applied.has(name)) ? null : "migrations are missing";
  } catch (error) {
    const UNDEFINED_TABLE = "42P01";
    return (error as { code?: unknown }).code === UNDEFINED_TABLE ? "migrations are missing" : "the database can't be reached";
  }
}

/** The figures, for holders of PARLEY_METRICS_TOKEN and for programs on this machine. Throws `forbidden` for others. */
export async function answerMetrics(app: AppContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (!hasMetricsToken(req, app.settings.metricsToken) && !isFromThisMachine(req)) throw new AppError("forbidden", "no access to metrics");
  const { contentType, text } = await app.metrics.render();
  answerText(res, 200, contentType, text);
}

function hasMetricsToken(req: IncomingMessage, token: string | null): boolean {
  const given = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
  if (token === null || given === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
