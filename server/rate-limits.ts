/** How often what may be done, counted in Postgres so that it holds across processes and restarts; a key that used its points up
 *  is refused from memory. Without the database nothing is allowed: callers get `unavailable`. */
import { createHmac } from "node:crypto";
import type pg from "pg";
import { RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { AppError } from "./contract/errors";
import { MAX_MANIFESTS_PER_DAY, ONE_TIME_CLAIMS_PER_DAY } from "./contract/limits";
import type { Settings } from "./settings";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `points` per `seconds` and key; PARLEY_LIMITS multiplies the points. The comment names the key. */
const LIMITS = {
  /** Address. */
  signUp: { points: 10, seconds: HOUR },
  /** Address. */
  signInAddress: { points: 100, seconds: 15 * MINUTE },
  /** Address and user name: a stranger elsewhere can't use this one up for its owner. */
  signInPair: { points: 10, seconds: 15 * MINUTE },
  /** User name, over all addresses. */
  signInAccount: { points: 60, seconds: HOUR },
  /** Account: the password asked again in a session. */
  password: { points: 10, seconds: 15 * MINUTE },
  /** Account. */
  find: { points: 100, seconds: HOUR },
  /** Account. */
  openChat: { points: 200, seconds: DAY },
  /** Account: calls, whether or not they got one-time keys. */
  claimPrekeys: { points: 1_000, seconds: HOUR },
  /** Caller device and target device: claims that get one-time keys. */
  oneTimeClaims: { points: ONE_TIME_CLAIMS_PER_DAY, seconds: DAY },
  /** Account. */
  uploadPrekeys: { points: 200, seconds: DAY },
  /** Account. */
  publishManifest: { points: MAX_MANIFESTS_PER_DAY, seconds: DAY },
  /** Account. */
  createInvite: { points: 100, seconds: DAY },
  /** Device: entries. Points are taken from Postgres by the lease, so that not every send asks it. */
  send: { points: 1_800, seconds: MINUTE, lease: 60 },
  /** Device. A client that polls asks every 5 s; one that hears events out of order, after each. */
  pull: { points: 1_200, seconds: MINUTE, lease: 60 },
  /** Device. Clients acknowledge every 250 ms at most. */
  acknowledge: { points: 600, seconds: MINUTE, lease: 60 },
  /** Account: whole chains of manifests, of as many people as its chats have. */
  manifests: { points: 10_000, seconds: HOUR, lease: 50 },
  /** Account: how people stand, asked when a chat is opened and after each new connection. */
  presence: { points: 600, seconds: MINUTE, lease: 30 },
  /** Account: each change is told to all who watch. */
  setPrivacy: { points: 60, seconds: HOUR },
} as const satisfies Record<string, { points: number; seconds: number; lease?: number }>;
export type LimitName = keyof typeof LIMITS;

export type Taken = { ok: true } | { ok: false; retryAfterMs: number };
export type RateLimits = {
  /** Takes `points` (1 unless given) of the key's allowance, or tells how long to wait. Throws AppError `unavailable`. */
  take(limit: LimitName, key: string, points?: number): Promise<Taken>;
  /** The same, but throws AppError `rate_limited` with `retryAfterMs` where nothing is left. */
  consume(limit: LimitName, key: string, points?: number): Promise<void>;
};
export type RateLimitsDeps = { pool: pg.Pool; settings: Pick<Settings, "limitsFactor" | "authSecret">; now: () => number };

/** Counts in table `rate_limits`, which the migrations make. Keys are stored as keyed hashes: no addresses and no names there. */
export function createRateLimits({ pool, settings, now }: RateLimitsDeps): RateLimits {
  const limiters = new Map<LimitName, RateLimiterPostgres>();
  for (const name of Object.keys(LIMITS) as LimitName[]) {
    const allowed = allowedPoints(name, settings.limitsFactor);
    limiters.set(
      name,
      new RateLimiterPostgres({
        storeClient: pool,
        tableName: "rate_limits",
        tableCreated: true,
        // NOTE: every limiter would clear the same table; one is enough.
        clearExpiredByTimeout: limiters.size === 0,
        keyPrefix: name,
        points: allowed,
        duration: LIMITS[name].seconds,
        inMemoryBlockOnConsumed: allowed,
      }),
    );
  }
  const hash = (limit: LimitName, key: string) =>
    createHmac("sha256", settings.authSecret).update(`rate limit\0${limit}\0${key}`).digest("base64url").slice(0, 27);

  async function takeStored(limit: LimitName, key: string, points: number): Promise<Taken> {
    const limiter = limiters.get(limit);
    if (limiter === undefined) throw new AppError("internal", `no limiter named ${limit}`);
    try {
      await limiter.consume(hash(limit, key), points);
      return { ok: true };
    } catch (error) {
      if (error instanceof RateLimiterRes) return { ok: false, retryAfterMs: Math.max(1, Math.ceil(error.msBeforeNext)) };
      throw new AppError("unavailable", "rate limits can't be counted right now");
    }
  }

  const takeLeased = createLeases(takeStored, now);
  const take: RateLimits["take"] = (limit, key, points = 1) => {
    const { seconds, lease }: { seconds: number; lease?: number } = LIMITS[limit];
    if (lease === undefined) return takeStored(limit, key, points);
    return takeLeased(limit, key, points, { lease: Math.min(lease, allowedPoints(limit, settings.limitsFactor)), seconds });
  };
  return {
    take,
    async consume(limit, key, points) {
      const taken = await take(limit, key, points);
      if (!taken.ok) throw new AppError("rate_limited", `limit ${limit} is used up`, { retryAfterMs: taken.retryAfterMs });
    },
  };
}

function allowedPoints(limit: LimitName, factor: number): number {
  const POSTGRES_INTEGER_MAX = 2_147_483_647;
  // Half of it: what is asked for beyond the limit is counted too.
  return Math.min(Math.max(1, Math.floor(LIMITS[limit].points * factor)), Math.floor(POSTGRES_INTEGER_MAX / 2));
}

type TakeStored = (limit: LimitName, key: string, points: number) => Promise<Taken>;
const MAX_LEASES = 10_000;

/** Takes several points from the store at a time and hands them out from memory. A process that ends loses at most one lease per key. */
function createLeases(takeStored: TakeStored, now: () => number) {
  const leases = new Map<string, { left: number; untilMs: number }>();
  return async (limit: LimitName, key: string, points: number, { lease, seconds }: { lease: number; seconds: number }): Promise<Taken> => {
    const id = `${limit}\0${key}`;
    const held = leases.get(id);
    if (held !== undefined && held.untilMs > now() && held.left >= points) {
      held.left -= points;
      return { ok: true };
    }
    const fetched = Math.max(lease, points);
    const taken = await takeStored(limit, key, fetched);
    if (!taken.ok) return taken;
    // What is left of a lease, or was fetched by another call meanwhile, is not lost.
    const present = leases.get(id);
    const kept = present !== undefined && present.untilMs > now() ? present : { left: 0, untilMs: now() + seconds * 1000 };
    leases.delete(id);
    leases.set(id, { ...kept, left: kept.left + fetched - points });
    for (const oldest of leases.keys()) {
      if (leases.size <= MAX_LEASES) break;
      leases.delete(oldest);
    }
    return { ok: true };
  };
}

/** What counts as one caller: an IPv4 address, or the /64 that a provider hands to one customer of IPv6. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right] = address.split("%")[0]?.split("::") ?? [];
  const groups = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const missing = right === undefined ? 0 : Math.max(0, 8 - groups.length - tail.length);
  return [...groups, ...Array<string>(missing).fill("0"), ...tail].slice(0, 4).join(":");
}
