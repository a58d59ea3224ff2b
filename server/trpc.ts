/** The four kinds of procedures, and the one place where an error becomes an answer. */
import { initTRPC, TRPCError } from "@trpc/server";
import { z } from "zod";
import { toAppError } from "./app-error";
import type { RequestContext } from "./context";
import { AppError, ERROR_STATUS, type ErrorCode, type ErrorDetails } from "./contract/errors";

/** `data.app` of a failed call: all that a client may know of it. */
export type AppErrorShape = { code: ErrorCode } & ErrorDetails;

type Meta = Record<string, never>;

const t = initTRPC
  .context<RequestContext>()
  .meta<Meta>()
  .create({
    isDev: false,
    errorFormatter({ shape, error }) {
      const { code, details } = presentError(error);
      const app: AppErrorShape = { code, ...details };
      return {
        message: code,
        code: shape.code,
        data: { code: shape.data.code, httpStatus: ERROR_STATUS[code], path: shape.data.path, app },
      };
    },
  });

/** The AppError behind what tRPC reports; input that fits no schema is told by the paths of its fields only. */
export function presentError(error: TRPCError): AppError {
  if (error.cause instanceof z.core.$ZodError && error.code === "BAD_REQUEST") {
    const paths = error.cause.issues.map((issue) => issue.path.join(".") || "input").slice(0, 10);
    return new AppError("bad_request", "input does not fit its schema", { reason: paths.join(", ") });
  }
  if (error.cause instanceof AppError) return error.cause;
  if (error.code === "INTERNAL_SERVER_ERROR") return toAppError(error.cause ?? error);
  return new AppError(CODE_OF_TRPC[error.code] ?? "bad_request", "refused by tRPC");
}

/** Refusals that tRPC makes itself: unknown procedure, wrong method, body that is no JSON or too large. */
const CODE_OF_TRPC: Partial<Record<TRPCError["code"], ErrorCode>> = {
  NOT_FOUND: "not_found",
  PAYLOAD_TOO_LARGE: "too_large",
  UNAUTHORIZED: "unauthorized",
  FORBIDDEN: "forbidden",
};

export const router = t.router;

/** Turns what services throw into an AppError for callers inside the process (tests, other adapters) too. */
const withAppErrors = t.middleware(async ({ next, ctx, path }) => {
  const result = await next();
  if (result.ok) return result;
  const app = presentError(result.error);
  if (app.code === "rate_limited") ctx.app.metrics.rateLimited(path);
  if (app.code === "internal") ctx.app.log.error("procedure failed", { route: path, err: result.error.cause ?? result.error });
  if (app.code === "unavailable") ctx.app.log.warn("procedure unavailable", { route: path, err: result.error.cause ?? result.error });
  throw new TRPCError({ code: result.error.code, message: app.code, cause: app });
});

/** Anyone may call. */
export const publicProcedure = t.procedure.use(withAppErrors);

/** Needs a session. Throws `unauthorized`. */
export const sessionProcedure = publicProcedure.use(({ ctx, next }) => {
  if (ctx.caller === null) throw new AppError("unauthorized", "no valid session");
  return next({ ctx: { ...ctx, caller: ctx.caller } });
});

/** Needs a session bound to a device that is not revoked. Throws `unauthorized`, `device_required`. */
export const deviceProcedure = sessionProcedure.use(({ ctx, next }) => {
  const { deviceId } = ctx.caller;
  if (deviceId === null) throw new AppError("device_required", "the session has no device");
  return next({ ctx: { ...ctx, caller: { ...ctx.caller, deviceId } } });
});

/** Needs an administrator's session. Throws `unauthorized`, `forbidden`. */
export const adminProcedure = sessionProcedure.use(({ ctx, next }) => {
  if (!ctx.caller.isAdmin) throw new AppError("forbidden", "not an administrator");
  return next({ ctx });
});
