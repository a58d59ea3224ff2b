/** What services are given: every effect is in here, so that a test can hand in its own. */
import type pg from "pg";
import type { Logger } from "./log";
import type { DeviceId, LogId, UserId } from "./contract/ids";
import type { PrismaClient } from "./generated/prisma/client";
import type { Metrics } from "./metrics/metrics";
import type { RateLimits } from "./rate-limits";
import type { Realtime } from "./realtime/realtime";
import type { Settings } from "./settings";

export type AppContext = {
  settings: Settings;
  /** The one pool: raw SQL here, and Prisma on top of it. */
  pool: pg.Pool;
  prisma: PrismaClient;
  log: Logger;
  metrics: Metrics;
  rateLimits: RateLimits;
  realtime: Realtime;
  /** Identity of the log as it stands (services/log-id.ts). */
  logId: LogId;
  now: () => Date;
};

/** Who calls, proved by a session. */
export type Caller = {
  userId: UserId;
  username: string;
  isAdmin: boolean;
  sessionId: string;
  deviceId: DeviceId | null;
  ipAddress: string;
};
/** A caller whose session is bound to a device that is not revoked. */
export type DeviceCaller = Caller & { deviceId: DeviceId };
