/** Which path is whose. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AppContext } from "../context";
import { AppError } from "../contract/errors";
import { answerJson, answerText } from "./answer";
import { AUTH_ROUTES } from "./auth-routes";
import { answerHealth, answerMetrics, answerReadiness } from "./operations";
import { createRealtimeApi } from "./realtime-api";
import { createTrpcHandler, procedureOf, TRPC_PATH } from "./trpc-handler";

/** The pages and files of the web app. */
export type Pages = {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Takes over a WebSocket of its own (development only). Returns false if it is not its. */
  upgrade?(req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
};

export type RouteDeps = {
  app: AppContext;
  pages: Pages;
  /** The code of the service worker, or null in development. */
  serviceWorker: string | null;
  /** Names of the migrations that the database must have. */
  migrations: readonly string[];
  /** Passes all methods to the pages, as Next's development tools need it. */
  development: boolean;
};

export type Route = {
  /** A name with few values, for logs and figures. */
  name: string;
  /** Absent: all. HEAD goes where GET goes. */
  method?: "GET" | "POST";
  handle(req: IncomingMessage, res: ServerResponse): void | Promise<void>;
};

const notOnServer = (name: string): Route => ({
  name: `/encryption/${name}`,
  handle() {
    throw new AppError("not_on_server", "encryption happens on devices", {
      reason: `Messages are encrypted and decrypted on devices only; this server has no keys. Call encryption.${name} of the engine on the device instead.`,
    });
  },
});

const notFound: Route = {
  name: "not found",
  handle() {
    throw new AppError("not_found", "no such path");
  },
};

/** Returns what finds the route of a path (without query). */
export function createRoutes({ app, pages, serviceWorker, migrations, development }: RouteDeps): (path: string) => Route {
  const trpc = createTrpcHandler(app);
  const realtimeApi = createRealtimeApi(app);
  const fixed = new Map<string, Route>([
    ["/healthz", { name: "/healthz", method: "GET", handle: (_, res) => answerHealth(res) }],
    ["/readyz", { name: "/readyz", method: "GET", handle: (_, res) => answerReadiness(app, migrations, res) }],
    ["/metrics", { name: "/metrics", method: "GET", handle: (req, res) => answerMetrics(app, req, res) }],
    ["/encryption/encrypt", notOnServer("encrypt")],
    ["/encryption/decrypt", notOnServer("decrypt")],
    // Next's image service would fetch and resize for anyone; no page uses it.
    ["/_next/image", notFound],
  ]);
  for (const [path, route] of Object.entries(AUTH_ROUTES)) {
    fixed.set(path, { name: path, method: route.method, handle: (req, res) => route.handle(app, req, res) });
  }
  if (serviceWorker !== null) fixed.set("/sw.js", { name: "/sw.js", method: "GET", handle: answerServiceWorker(serviceWorker) });
  const pageRoute = (name: string): Route => ({ name, ...(!development && { method: "GET" }), handle: pages.handle });
  const [files, page] = [pageRoute("file"), pageRoute("page")];

  return (path) => {
    const found = fixed.get(path);
    if (found !== undefined) return found;
    if (path.startsWith(TRPC_PATH)) return { name: `${TRPC_PATH}${procedureOf(path)}`, handle: trpc };
    if (path.startsWith("/api/") || path === "/api") return notFound;
    return realtimeApi(path) ?? (path.startsWith("/_next/") ? files : page);
  };
}

/** Served by us at the root, so that its scope is the whole site; asked for anew each time, so that a new version is seen. */
function answerServiceWorker(code: string) {
  return (_: IncomingMessage, res: ServerResponse) => {
    answerText(res, 200, "text/javascript; charset=utf-8", code);
    return undefined;
  };
}

/** Whether the route takes the method; answers 405 if not. */
export function takesMethod(route: Route, req: IncomingMessage, res: ServerResponse): boolean {
  const method = req.method === "HEAD" ? "GET" : req.method;
  if (route.method === undefined || route.method === method) return true;
  res.setHeader("allow", route.method === "GET" ? "GET, HEAD" : route.method);
  answerJson(res, 405, { code: "bad_request", reason: "method not allowed" });
  return false;
}
