/** A real server on a real database and a real port; only the web app is a small stand-in. */
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import path from "node:path";
import { createAppContext } from "../../app-context";
import type { AppContext } from "../../context";
import { LogId } from "../../contract/ids";
import { createDatabase } from "../../database";
import { createLogger } from "../../log";
import { readSettings, type Settings } from "../../settings";
import { createPolicies } from "../csp";
import type { Pages } from "../routes";
import { createHttpServer, type HttpServerDeps } from "../server";
import { type Browser, createBrowser } from "./http-client";

export type TestServer = {
  app: AppContext;
  port: number;
  /** Everything that was logged, line by line. */
  logged: string[];
  browser(headers?: Record<string, string>): Browser;
  close(): Promise<void>;
};

export type TestServerOptions = { settings?: Partial<Settings>; http?: Partial<HttpServerDeps>; now?: () => Date };

const SECRETS = { PARLEY_AUTH_SECRET: "s".repeat(40), PARLEY_REALTIME_KEY: "test-key", PARLEY_REALTIME_SECRET: "r".repeat(20) };
export const SCRIPT_HASH = "sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=";

/** NOTE: rate limits are a thousand times their size unless the test sets them, so that tests don't stand in each other's way. */
export async function startTestServer(databaseUrl: string, { settings = {}, http = {}, now }: TestServerOptions = {}): Promise<TestServer> {
  const read = readSettings({ ...SECRETS, DATABASE_URL: databaseUrl, LOG_LEVEL: "debug", PARLEY_LIMITS: "1000" }).settings;
  const all: Settings = { ...read, ...settings };
  const logged: string[] = [];
  const log = createLogger(all.logLevel, { write: (line: string) => void logged.push(line) });
  const database = createDatabase({ url: databaseUrl, log, max: 5 });
  const app = createAppContext({ settings: all, database, log, logId: LogId.parse(randomUUID()), ...(now && { now }) });
  const server = createHttpServer({
    app,
    pages,
    policies: createPolicies([SCRIPT_HASH], all),
    serviceWorker: "self.skipWaiting();",
    migrations: readdirSync(path.resolve("prisma/migrations")).filter((name) => /^\d/.test(name)),
    development: false,
    ...http,
  });
  const port = await server.listen(0, "127.0.0.1");
  return {
    app,
    port,
    logged,
    browser: (headers) => createBrowser(port, headers),
    async close() {
      await server.close();
      await database.close();
    },
  };
}

const pages: Pages = {
  async handle(_, res) {
    res.setHeader("content-type", "text/html; charset=utf-8");
    res.end("<!doctype html><title>Parley</title>");
  },
};
