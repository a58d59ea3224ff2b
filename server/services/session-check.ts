/** Cuts the sockets of sessions that are no more: expired, or ended while nobody could hear of it. A socket asks for nothing once it is
 *  open, so nothing else would notice. */
import type { Logger } from "../log";
import type { Realtime } from "../realtime/realtime";
import { type Queryable, query } from "./sql";

const RUN_EVERY_MS = 60_000;

export type SessionCheckDeps = {
  db: Queryable;
  realtime: Pick<Realtime, "sessions" | "endSession">;
  log: Pick<Logger, "warn">;
  now: () => Date;
};
export type SessionCheck = {
  /** Runs every minute from now on. */
  start(): void;
  /** One run over all sockets of this process, in one query. Never throws: it runs again. */
  run(): Promise<void>;
  /** Ends the timer; resolves when a run under way has ended. */
  stop(): Promise<void>;
};

// Those of the given that do not stand any more, as sessions.ts judges it.
const ENDED = `
  SELECT x.session_id FROM unnest($1::text[]) AS x(session_id)
  WHERE NOT EXISTS (
    SELECT 1 FROM sessions s JOIN users u ON u.user_id = s.user_id AND u.status = 'active'
    WHERE s.session_id = x.session_id AND s.expires_at > $2)`;

export function createSessionCheck({ db, realtime, log, now }: SessionCheckDeps): SessionCheck {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function check(): Promise<void> {
    const sessionIds = realtime.sessions();
    if (sessionIds.length === 0) return;
    try {
      const ended = await query<{ session_id: string }>(db, "ended_sessions", ENDED, [sessionIds, now()]);
      for (const { session_id } of ended) realtime.endSession(session_id);
    } catch (err) {
      log.warn("sessions could not be checked; they are again in a minute", { err });
    }
  }
  const run = (): Promise<void> => {
    running = (running ?? Promise.resolve()).then(check);
    return running;
  };

  return {
    run,
    start() {
      timer = setInterval(() => void run(), RUN_EVERY_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
