/** A server's means on a database of its own, which notes whose sockets it cut. */
import { createAppContext } from "../app-context";
import type { AppContext } from "../context";
import { createLogger } from "../log";
import { readLogId } from "../services/log-id";
import { readSettings } from "../settings";
import { createTestDatabase } from "./database";

export type TestApp = AppContext & {
  databaseUrl: string;
  /** Whose sockets were cut: session ids and device ids. */
  ended: string[];
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
  const ended: string[] = [];
  const realtime: AppContext["realtime"] = {
    ...base.realtime,
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
    databaseUrl: database.url,
    ended,
    async close() {
      await base.realtime.close();
      await database.drop();
    },
  };
}
