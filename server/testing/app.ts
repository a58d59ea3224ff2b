/** A server's means on a database of its own, with real-time events written down instead of sent. */
import { createAppContext } from "../app-context";
import type { AppContext } from "../context";
import type { AccountEvent } from "../contract/events";
import { createLogger } from "../log";
import type { Publication } from "../realtime/realtime";
import { createAckQueue } from "../services/ack-queue";
import { readLogId } from "../services/log-id";
import { REAL_TIME } from "../services/retry-transient";
import { readSettings } from "../settings";
import { createTestDatabase } from "./database";

export type TestApp = AppContext & {
  databaseUrl: string;
  published: Publication[];
  /** Whose sockets were cut: session ids and device ids. */
  ended: string[];
  /** What was published to a channel, of one kind. */
  eventsOn<Name extends AccountEvent["name"]>(channel: string, name: Name): Extract<AccountEvent, { name: Name }>["data"][];
  close(): Promise<void>;
};

type Options = { now?: () => Date; env?: Record<string, string> };

/** Limits are a hundred times the usual unless `env` says otherwise. */
export async function createTestApp({ now, env = {} }: Options = {}): Promise<TestApp> {
  const database = await createTestDatabase();
  const { settings } = readSettings({
    DATABASE_URL: database.url,
    PARLEY_AUTH_SECRET: "only-for-tests-only-for-tests-only-for-tests",
    PARLEY_REALTIME_KEY: "only-for-tests",
    PARLEY_REALTIME_SECRET: "only-for-tests-only-for-tests",
    PARLEY_LIMITS: "100",
    ...env,
  });
  const log = createLogger("silent");
  const base = createAppContext({ settings, database, log, logId: await readLogId(database.pool, log), ...(now && { now }) });
  const published: Publication[] = [];
  const ended: string[] = [];
  const realtime: AppContext["realtime"] = {
    ...base.realtime,
    publish: (publications) => void published.push(...publications),
    endSession(sessionId) {
      ended.push(sessionId);
      base.realtime.endSession(sessionId);
    },
    endDevice(userId, deviceId) {
      ended.push(deviceId);
      base.realtime.endDevice(userId, deviceId);
    },
  };
  return {
    ...base,
    realtime,
    ackQueue: createAckQueue({ ...REAL_TIME, db: database.pool, logId: base.logId, realtime }),
    databaseUrl: database.url,
    published,
    ended,
    eventsOn: (channel, name) =>
      published.flatMap((each) => (each.channel === channel && each.event.name === name ? [each.event.data as never] : [])),
    async close() {
      await base.realtime.close();
      await database.drop();
    },
  };
}
