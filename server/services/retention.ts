/** Forgets what is no longer needed: entries after their time, ids of spent prekeys, ended sessions, unused invites. Message and device
 *  entries stay for MESSAGE_RETENTION_DAYS whatever is acknowledged, because they are the memory that makes late retries safe. */
import type { ChatId } from "../contract/ids";
import { MESSAGE_RETENTION_DAYS } from "../contract/limits";
import type { Logger } from "../log";
import { REAL_TIME, retryTransient } from "./retry-transient";
import { type Queryable, query } from "./sql";

const DAY_MS = 86_400_000;
const RUN_EVERY_MS = 3_600_000;
const ENTRIES_PER_STEP = 5_000;
const CHATS_PER_PAGE = 1_000;
const ROWS_PER_STEP = 5_000;
/** A chat may be locked for a while. */
const GIVE_UP_AFTER_MS = 30_000;

export type RetentionDeps = { db: Queryable; log: Pick<Logger, "info" | "warn">; now: () => Date };
export type Retention = {
  /** Runs now and then every hour. */
  start(): void;
  /** Ends the timer; resolves when a run under way has stopped. */
  stop(): Promise<void>;
  /** One run. Returns how many entries were removed. */
  run(): Promise<number>;
};

/** Makes the job. Several processes may run it at once. */
export function createRetention(deps: RetentionDeps): Retention {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();

  async function run(): Promise<number> {
    let removed = 0;
    const before = new Date(deps.now().getTime() - MESSAGE_RETENTION_DAYS * DAY_MS);
    for await (const chatId of oldChats(deps.db, before)) {
      if (stopped) return removed;
      removed += await removeOldEntries(deps.db, chatId, before, () => stopped);
    }
    await removeOther(deps.db, deps.now(), before, () => stopped);
    if (removed > 0) deps.log.info("old entries removed", { count: removed });
    return removed;
  }

  return {
    run,
    start() {
      const tick = () => {
        running = run().catch((err: unknown) => deps.log.warn("retention did not finish; it goes on in an hour", { err }));
      };
      timer = setInterval(tick, RUN_EVERY_MS);
      timer.unref();
      tick();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

// Whether the first entry above a chat's floor is old, for one page of all chats: however few are, each step is short.
const OLD_CHATS = `
  SELECT c.chat_id, coalesce((
    SELECT m.timestamp FROM messages m WHERE m.chat_id = c.chat_id AND m.seq > c.floor_seq ORDER BY m.seq LIMIT 1) < $2, false) AS old
  FROM chats c WHERE c.chat_id > $1 ORDER BY c.chat_id LIMIT ${CHATS_PER_PAGE}`;

async function* oldChats(db: Queryable, before: Date): AsyncGenerator<ChatId> {
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const rows = await query<{ chat_id: ChatId; old: boolean }>(db, "old_chats", OLD_CHATS, [after, before]);
    for (const { chat_id, old } of rows) if (old) yield chat_id;
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHATS_PER_PAGE) return;
    after = last.chat_id;
  }
}

async function removeOldEntries(db: Queryable, chatId: ChatId, before: Date, isStopped: () => boolean): Promise<number> {
  const text = "SELECT removed, unfinished FROM remove_old_entries($1, $2, $3)";
  let removed = 0;
  for (;;) {
    const values = [chatId, before, ENTRIES_PER_STEP];
    const remove = () => query<{ removed: number; unfinished: boolean }>(db, "remove_old_entries", text, values);
    const [step] = await retryTransient(REAL_TIME, REAL_TIME.now() + GIVE_UP_AFTER_MS, remove);
    removed += step?.removed ?? 0;
    if (!step?.unfinished || isStopped()) return removed;
  }
}

async function removeOther(db: Queryable, now: Date, before: Date, isStopped: () => boolean): Promise<void> {
  const outdated = [
    { table: "spent_prekeys", condition: "spent_at < $1", at: before },
    { table: "sessions", condition: "expires_at < $1", at: now },
    { table: "invites", condition: "expires_at < $1 AND used_by IS NULL", at: before },
    { table: "verifications", condition: "expires_at < $1", at: now },
  ];
  for (const { table, condition, at } of outdated) {
    const some = `SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${ROWS_PER_STEP}`;
    const text = `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${some})) AND ${condition} RETURNING 1) SELECT count(*) AS count FROM gone`;
    for (let count = ROWS_PER_STEP; count === ROWS_PER_STEP && !isStopped(); )
      count = (await query<{ count: number }>(db, `remove_${table}`, text, [at]))[0]?.count ?? 0;
  }
}
