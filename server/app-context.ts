/** Puts together what services are given. Reads no environment and listens nowhere: main.ts and tests do. */
import type { IncomingMessage } from "node:http";
import { createAuth } from "./auth";
import type { AppContext } from "./context";
import type { LogId } from "./contract/ids";
import type { Database } from "./database";
import { clientAddress } from "./http/client-address";
import type { Logger } from "./log";
import { createMetrics } from "./metrics/metrics";
import { addressKey, createRateLimits } from "./rate-limits";
import { createExternalRealtime } from "./realtime/external/external-realtime";
import { createRealtime, type Realtime } from "./realtime/realtime";
import { createAckQueue } from "./services/ack-queue";
import { createPresence } from "./services/presence";
import { REAL_TIME } from "./services/retry-transient";
import { createSendQueue } from "./services/send-queue";
import { createSessions, type Sessions } from "./sessions";
import type { Settings } from "./settings";

export type AppContextDeps = {
  settings: Settings;
  database: Database;
  log: Logger;
  logId: LogId;
  now?: () => Date;
  /** Node's own figures belong to the process, so only one context of it counts them. */
  processMetrics?: boolean;
};

/** One server's means. Whoever makes it closes `realtime` and the database. */
export function createAppContext({
  settings,
  database,
  log,
  logId,
  now = () => new Date(),
  processMetrics = false,
}: AppContextDeps): AppContext {
  const { pool, prisma } = database;
  const nowMs = () => now().getTime();
  const metrics = createMetrics({ pool, processMetrics });
  const sessions = createSessions({ pool, now });
  const presence = createPresence({ db: pool, log, now: nowMs });
  const addressOf = (req: IncomingMessage) => addressKey(clientAddress(req, settings));
  const told = { now: nowMs, log, attendance: presence };
  const sockets = settings.externalRealtime
    ? createExternalRealtime({ ...told, service: settings.externalRealtime, logId, observe: metrics.serviceCalls })
    : createRealtime({ ...told, ...settings.realtime, metrics, addressOf });
  const realtime = endingSessionsToo(sockets, sessions);
  return {
    settings,
    pool,
    prisma,
    log,
    metrics,
    sessions,
    auth: createAuth({ prisma, settings }),
    rateLimits: createRateLimits({ pool, settings, now: nowMs }),
    realtime,
    presence,
    sendQueue: createSendQueue({ ...REAL_TIME, db: pool, reportBadEntry: (err) => log.error("an entry fits no constraint", { err }) }),
    ackQueue: createAckQueue({ ...REAL_TIME, db: pool }),
    logId,
    now,
  };
}

/** Whoever is cut off from events is no longer remembered as signed in either, so that no caller can forget one of the two. */
function endingSessionsToo(realtime: Realtime, sessions: Sessions): Realtime {
  return {
    ...realtime,
    endSession(sessionId) {
      sessions.forgetSession(sessionId);
      realtime.endSession(sessionId);
    },
    endDevice(userId, deviceId) {
      sessions.forgetDevice(deviceId);
      realtime.endDevice(userId, deviceId);
    },
    endAccount(userId) {
      sessions.forgetAccount(userId);
      realtime.endAccount(userId);
    },
  };
}
