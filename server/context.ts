/** What services are given: every effect is in here, so that a test can hand in its own. */
import type pg from "pg";
import type { Auth } from "./auth";
import type { DeviceId, LogId, UserId } from "./contract/ids";
import type { PrismaClient } from "./generated/prisma/client";
import type { Logger } from "./log";
import type { Metrics } from "./metrics/metrics";
import type { RateLimits } from "./rate-limits";
import type { Realtime } from "./realtime/realtime";
import type { AckQueue } from "./services/ack-queue";
import type { PresenceKeeper } from "./services/presence";
import type { SendQueue } from "./services/send-queue";
import type { Sessions } from "./sessions";
import type { Settings } from "./settings";

export type AppContext = {
  settings: Settings;
  /** The one pool: raw SQL here, and Prisma on top of it. */
  pool: pg.Pool;
  prisma: PrismaClient;
  log: Logger;
  auth: Auth;
  sessions: Sessions;
  metrics: Metrics;
  rateLimits: RateLimits;
  realtime: Realtime;
  presence: PresenceKeeper;
  sendQueue: SendQueue;
  ackQueue: AckQueue;
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

/** What a call knows: the server's means, who asks, and where from. */
export type RequestContext = {
  app: AppContext;
  /** Null without a valid session. */
  caller: Caller | null;
  ipAddress: string;
  userAgent: string;
  /** Adds Set-Cookie lines to the answer. */
  setCookies(lines: readonly string[]): void;
};
export type SessionContext = RequestContext & { caller: Caller };
export type DeviceContext = RequestContext & { caller: DeviceCaller };
