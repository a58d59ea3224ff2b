import type { IncomingMessage, ServerResponse } from "node:http";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import type { AppContext } from "../context";
import { MAX_BODY_BYTES } from "../contract/limits";
import { appRouter } from "../routers/index";
import { presentError } from "../trpc";
import { createRequestContext } from "./request-context";

export const TRPC_PATH = "/api/trpc/";

/** Answers /api/trpc/*. One call per request: a request's limits then are a call's. */
export function createTrpcHandler(app: AppContext): (req: IncomingMessage, res: ServerResponse) => void {
  return createHTTPHandler({
    router: appRouter,
    basePath: TRPC_PATH,
    allowBatching: false,
    maxBodySize: MAX_BODY_BYTES,
    createContext: ({ req, res }) => createRequestContext(app, req, res),
    onError({ error, ctx }) {
      // Procedures log their own; this is for what fails before them.
      if (ctx !== undefined) return;
      const { code } = presentError(error);
      if (code === "internal") app.log.error("request failed", { err: error.cause ?? error });
      if (code === "unavailable") app.log.warn("request unavailable", { err: error.cause ?? error });
    },
    responseMeta: () => ({ headers: { "cache-control": "no-store" } }),
  });
}

/** The procedure that the path names, if there is one: for logs and figures. */
export function procedureOf(path: string): string {
  const name = path.slice(TRPC_PATH.length);
  return Object.hasOwn(appRouter._def.procedures, name) ? name : "unknown";
}
