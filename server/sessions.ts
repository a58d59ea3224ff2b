/** Who a session token belongs to. Asked by every call, so an answer is kept for a moment; a session that ends in this process is
 *  forgotten at once, one that ends in another process within CACHE_MS. */
import type pg from "pg";
import { SESSION_SECONDS } from "./auth";
import type { Caller } from "./context";
import { DeviceId, UserId } from "./contract/ids";

const CACHE_MS = 2_000;
const MAX_CACHED = 20_000;
/** How exact "last seen" is; each step costs one write. */
const TOUCH_AFTER_MS = 5 * 60_000;
/** A cookie is renewed when this much of its life is gone. */
const RENEW_COOKIE_AFTER_MS = 86_400_000;

export type FoundSession = Omit<Caller, "ipAddress"> & {
  /** The cookie should be sent again, so that the browser keeps it as long as the session lasts. */
  renewCookie: boolean;
};
export type Sessions = {
  /** The session and its account, or null if there is none, it expired, or the account is not active. */
  find(token: string): Promise<FoundSession | null>;
  forgetSession(sessionId: string): void;
  forgetAccount(userId: UserId): void;
  forgetDevice(deviceId: DeviceId): void;
};

type Row = {
  session_id: string;
  user_id: string;
  expires_at: Date;
  updated_at: Date;
  username: string;
  is_admin: boolean;
  device_id: string | null;
};

// A device counts while it is the account's own and not revoked.
const FIND = `
  SELECT s.session_id, s.user_id, s.expires_at, s.updated_at, u.username, u.is_admin, d.device_id
  FROM sessions s
  JOIN users u ON u.user_id = s.user_id AND u.status = 'active'
  LEFT JOIN devices d ON d.user_id = s.user_id AND d.device_id = s.device_id AND d.revoked_at IS NULL
  WHERE s.token = $1 AND s.expires_at > $2`;

// Rows that somebody else is changing are left for the next time: whoever changes an account takes its row before its sessions, and a
// wait here, where it is the other way round, could lock both out.
const TOUCH = `
  WITH free AS (
    SELECT s.session_id, s.user_id, s.device_id FROM sessions s JOIN users u ON u.user_id = s.user_id
    WHERE s.session_id = $1 FOR NO KEY UPDATE OF s, u SKIP LOCKED),
  session AS (UPDATE sessions s SET updated_at = $2, expires_at = $3 FROM free WHERE s.session_id = free.session_id),
  seen AS (UPDATE users u SET last_seen_at = $2 FROM free WHERE u.user_id = free.user_id)
  UPDATE devices d SET last_seen_at = $2 FROM free WHERE d.user_id = free.user_id AND d.device_id = free.device_id`;

/** Reads sessions from the database, and prolongs those in use. */
export function createSessions({ pool, now }: { pool: pg.Pool; now: () => Date }): Sessions {
  const cache = new Map<string, { found: FoundSession; untilMs: number }>();
  /** Changes with each `forget`: what was asked before must not be kept after. */
  let epoch = 0;

  async function read(token: string): Promise<FoundSession | null> {
    const at = now();
    const row = (await pool.query<Row>(FIND, [token, at])).rows[0];
    if (row === undefined) return null;
    const expiresAt = new Date(at.getTime() + SESSION_SECONDS * 1000);
    if (at.getTime() - row.updated_at.getTime() > TOUCH_AFTER_MS) await pool.query(TOUCH, [row.session_id, at, expiresAt]);
    return {
      sessionId: row.session_id,
      userId: UserId.parse(row.user_id),
      username: row.username,
      isAdmin: row.is_admin,
      deviceId: row.device_id === null ? null : DeviceId.parse(row.device_id),
      renewCookie: expiresAt.getTime() - row.expires_at.getTime() > RENEW_COOKIE_AFTER_MS,
    };
  }

  function keep(token: string, found: FoundSession): void {
    cache.delete(token);
    cache.set(token, { found: { ...found, renewCookie: false }, untilMs: now().getTime() + CACHE_MS });
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED) break;
      cache.delete(oldest);
    }
  }

  function forget(matches: (found: FoundSession) => boolean): void {
    epoch++;
    for (const [token, { found }] of cache) if (matches(found)) cache.delete(token);
  }

  return {
    async find(token) {
      const cached = cache.get(token);
      if (cached !== undefined && cached.untilMs > now().getTime()) return cached.found;
      const before = epoch;
      const found = await read(token);
      // NOTE: a session without a device is about to get one; its answer is not kept, so that the next call sees it.
      if (found !== null && found.deviceId !== null && before === epoch) keep(token, found);
      return found;
    },
    forgetSession: (sessionId) => forget((found) => found.sessionId === sessionId),
    forgetAccount: (userId) => forget((found) => found.userId === userId),
    forgetDevice: (deviceId) => forget((found) => found.deviceId === deviceId),
  };
}
