/** Tells which surprises mean "the database could not do it just now": those are worth a retry, all others are faults. */
import { AppError } from "./contract/errors";

/** Postgres: connection lost or refused (08), deadlock (40), too many connections, disk full (53), statement timeout, shutting down (57),
 *  lock timeout. Node: the socket. Prisma: P1001 …, no connection or transaction in time, deadlock. */
const PASSING =
  /^((08|40|53|57)\w{3}|55P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENOENT|P1001|P1002|P1008|P1017|P2024|P2028|P2034)$/;
/** NOTE: pg gives these no code (pg-pool and pg/lib/client.js). */
const PASSING_MESSAGE =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed)/;

/** Whether the error, or one that caused it, says that the database could not do it just now, and may the next time. */
export function isPassing(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 5) return false;
  const { code, message, cause, errors } = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === "string" && PASSING.test(code)) return true;
  if (typeof message === "string" && PASSING_MESSAGE.test(message)) return true;
  if (Array.isArray(errors) && errors.some((each) => isPassing(each, depth + 1))) return true;
  return isPassing(cause, depth + 1);
}

/** Any thrown value as an AppError: itself, or `unavailable`, or `internal` without a word about what it was. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return isPassing(error)
    ? new AppError("unavailable", "the database could not do it just now")
    : new AppError("internal", "unexpected error");
}
