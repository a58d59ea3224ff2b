/** Tells which surprises mean "the database can't be reached": those are worth a retry, all others are faults. */
import { AppError } from "./contract/errors";

/** Postgres: connection exceptions (08…), shutting down or starting (57P0…), too many connections. Node: the socket. Prisma: P1001 … */
const UNREACHABLE =
  /^(08\w{3}|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENOENT|P1001|P1002|P1008|P1017|P2024)$/;
/** NOTE: pg gives these no code (pg-pool and pg/lib/client.js). */
const UNREACHABLE_MESSAGE =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed)/;

/** Whether the error, or one that caused it, says that the database could not be asked. */
export function isUnreachable(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 5) return false;
  const { code, message, cause, errors } = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === "string" && UNREACHABLE.test(code)) return true;
  if (typeof message === "string" && UNREACHABLE_MESSAGE.test(message)) return true;
  if (Array.isArray(errors) && errors.some((each) => isUnreachable(each, depth + 1))) return true;
  return isUnreachable(cause, depth + 1);
}

/** Any thrown value as an AppError: itself, or `unavailable`, or `internal` without a word about what it was. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return isUnreachable(error) ? new AppError("unavailable", "the database can't be reached") : new AppError("internal", "unexpected error");
}
