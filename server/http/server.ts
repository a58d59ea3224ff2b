/** The one HTTP server: every request passes here, gets its headers, and is refused if another site made the browser send it. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { toAppError } from "../app-error";
import type { AppContext } from "../context";
import { AppError } from "../contract/errors";
import { MAX_BODY_BYTES } from "../contract/limits";
import { answerError } from "./answer";
import { announcesMoreThan } from "./body";
import type { Policies } from "./csp";
import { setHeaders } from "./headers";
import { isOwnOrigin, needsOwnOrigin } from "./origin";
import { createRoutes, type Pages, type Route, type RouteDeps, takesMethod } from "./routes";

const LIMITS = {
  maxHeaderSize: 16_384,
  /** Slow senders are cut off: headers, then the whole request with its body. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
  /** Longer than the idle time-out of usual proxies (60 s), so that it is they who close. */
  keepAliveTimeout: 65_000,
  maxRequestsPerSocket: 10_000,
} as const;
/** How long requests may still take once the server is stopping. */
const DRAIN_MS = 3_000;

export type HttpServerDeps = RouteDeps & { policies: Policies | null };
export type HttpServer = {
  /** Resolves with the port (useful for port 0). Rejects with EADDRINUSE and the like. */
  listen(port: number, host: string): Promise<number>;
  /** Takes no more requests, closes sockets, waits up to 3 s for requests that are under way. */
  close(): Promise<void>;
};

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const routeOf = createRoutes(deps);
  const server = createServer(LIMITS, (req, res) => {
    const path = pathOf(req);
    const route = routeOf(path);
    observe(deps.app, route, req, res);
    void respond(deps, { route, path }, req, res);
    // A connection that becomes idle after the server began to stop would stay open.
    res.once("close", () => server.listening || setImmediate(() => server.closeIdleConnections()));
  });
  server.on("upgrade", (req, socket, head) => upgrade(deps.app, deps.pages, req, socket, head));
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject).listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () => drain(server, deps.app),
  };
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? "/";
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

async function respond(deps: HttpServerDeps, to: { route: Route; path: string }, req: IncomingMessage, res: ServerResponse) {
  const { app } = deps;
  try {
    setHeaders(res, to.path, app.settings, deps.policies);
    if (needsOwnOrigin(req.method ?? "", to.path) && !isOwnOrigin(req, app.settings)) throw new AppError("forbidden", "foreign origin");
    if (announcesMoreThan(req, MAX_BODY_BYTES)) throw new AppError("too_large", "the body is too large");
    if (!takesMethod(to.route, req, res)) return;
    // Next keeps this unless the file's name holds its hash.
    if (!to.path.startsWith("/_next/static/")) res.setHeader("cache-control", "no-cache");
    await to.route.handle(req, res);
  } catch (error) {
    const known = toAppError(error);
    if (known.code === "internal") app.log.error("request failed", { route: to.route.name, err: error });
    if (res.headersSent) res.destroy();
    else answerError(res, known);
  } finally {
    // What is left of a refused body is read and dropped, or the client would not see the answer; requestTimeout ends it.
    if (res.writableEnded && !req.complete) req.resume();
  }
}

function observe(app: AppContext, { name }: Route, req: IncomingMessage, res: ServerResponse): void {
  const startedMs = performance.now();
  const requestId = randomUUID();
  res.setHeader("x-request-id", requestId);
  res.once("close", () => {
    const CLIENT_CLOSED = 499;
    const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED;
    const ms = performance.now() - startedMs;
    app.metrics.requests(name, status, ms / 1000);
    const line = { requestId, method: req.method ?? "", route: name, status, ms: Math.round(ms * 10) / 10 };
    if (name.startsWith("/api/") || status >= 500) app.log.info("request", line);
    else app.log.debug("request", line);
  });
}

function upgrade(app: AppContext, pages: Pages, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  // NOTE: without a listener, a reset connection ends the process.
  socket.on("error", () => socket.destroy());
  if (!isOwnOrigin(req, app.settings)) refuseUpgrade(socket, "403 Forbidden");
  else if (pathOf(req).startsWith("/app/")) app.realtime.upgrade(req, socket, head);
  else if (!pages.upgrade?.(req, socket, head)) refuseUpgrade(socket, "404 Not Found");
}

/** Closes both halves: an upgraded socket is nobody's any more, and a client that keeps its half would hold up the shutdown. */
function refuseUpgrade(socket: Duplex, status: string): void {
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function drain(server: Server, app: AppContext): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      server.closeAllConnections();
      resolve();
    }, DRAIN_MS);
  });
  await Promise.race([Promise.all([app.realtime.close(), closed]), late]);
  clearTimeout(timer);
}
