/** The one process: web app, API, sign-in, real-time events, health and figures on one port. Listens on import. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Server } from "node:http";
import path from "node:path";
import next from "next";
import { createAppContext } from "./app-context";
import { createDatabase } from "./database";
import { createPolicies } from "./http/csp";
import type { Pages } from "./http/routes";
import { createHttpServer } from "./http/server";
import { createLogger } from "./log";
import { readLogId } from "./services/log-id";
import { createPublishingTurn } from "./services/publishing-turn";
import { createRetention } from "./services/retention";
import { createSessionCheck } from "./services/session-check";
import { createWakeUp } from "./services/wake-up";
import { readSettings } from "./settings";

const development = process.env.NODE_ENV !== "production";
const { settings, unknown } = readSettings(process.env);
const log = createLogger(settings.logLevel);
for (const setting of unknown) log.warn("unknown setting", { setting });

const database = createDatabase({ url: settings.databaseUrl, log });
const { pages, closePages } = await startPages(settings.port);
const app = createAppContext({ settings, database, log, logId: await readLogId(database.pool, log), processMetrics: true });
const sessionCheck = createSessionCheck({ db: database.pool, realtime: app.realtime, log, now: app.now });
const tellAllToLook = () => {
  void sessionCheck.run();
  app.realtime.tellAllToLook(app.logId);
};
const wakeUp = createWakeUp({
  databaseUrl: settings.databaseUrl,
  db: database.pool,
  logId: app.logId,
  realtime: app.realtime,
  ...(settings.externalRealtime && { turn: createPublishingTurn({ now: () => performance.now(), tellAllToLook }) }),
  tellAllToLook,
  log,
});
const retention = createRetention({ db: database.pool, log, now: app.now });
const server = createHttpServer({
  app,
  pages,
  policies: development ? null : createPolicies(readScriptHashes(), settings),
  serviceWorker: development ? null : readFileSync(path.resolve("dist/sw.js"), "utf8"),
  migrations: readdirSync(path.resolve("prisma/migrations"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name),
  development,
});

try {
  await wakeUp.start();
  await app.presence.start();
  const port = await server.listen(settings.port, settings.host);
  log.info("listening", { address: settings.host, port });
  retention.start();
  sessionCheck.start();
  // NOTE: Prisma spends most of a second on the first query of a process; nobody should have to wait for that.
  void database.prisma.user.findFirst({ select: { userId: true } }).catch(() => undefined);
  // NOTE: Next adds its listener for development sockets at the first page request.
  if (development) void fetch(`http://localhost:${port}/`).catch(() => undefined);
} catch (error) {
  await close();
  throw error;
}

/** Takes no more work, finishes what is under way, and lets go of everything. The start script awaits it before it stops Postgres. */
export async function close(): Promise<void> {
  await server.close();
  await Promise.all([wakeUp.stop(), app.presence.stop(), retention.stop(), sessionCheck.stop(), closePages()]);
  await database.close();
}

async function startPages(port: number): Promise<{ pages: Pages; closePages: () => Promise<void> }> {
  // NOTE: Next puts its own upgrade listener on the server it is given, else on that of the first request, and it ends sockets whose path
  // matches a page. A server that never listens keeps that listener away from ours.
  const nextServer = new Server();
  const web = next({ dev: development, httpServer: nextServer, hostname: "localhost", port });
  await web.prepare();
  const pages: Pages = { handle: web.getRequestHandler() };
  if (development) {
    // NOTE: web.getUpgradeHandler() leaves hot-reload sockets hanging; Next's own listener answers them.
    pages.upgrade = (req, socket, head) => req.url?.startsWith("/_next/") === true && nextServer.emit("upgrade", req, socket, head);
  }
  return { pages, closePages: () => web.close().catch(() => undefined) };
}

/** The build lists the inline scripts of its pages. */
function readScriptHashes(): string[] {
  const file = path.resolve("dist/csp.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as string[]) : [];
}
