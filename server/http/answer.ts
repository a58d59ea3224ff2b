/** Short answers of our own: JSON with an error code, or plain text. */
import type { ServerResponse } from "node:http";
import { type AppError, ERROR_STATUS } from "../contract/errors";

/** Sends `body` as JSON. Nothing that the server answers by itself may be kept by caches. */
export function answerJson(res: ServerResponse, status: number, body: unknown): void {
  res.statusCode = status;
  res.setHeader("content-type", "application/json; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.end(JSON.stringify(body));
}

/** Sends the error's code and details; never its message. */
export function answerError(res: ServerResponse, error: AppError): void {
  const { retryAfterMs } = error.details;
  if (retryAfterMs !== undefined) res.setHeader("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  answerJson(res, ERROR_STATUS[error.code], { code: error.code, ...error.details });
}

/** Sends text that is already in its final form. */
export function answerText(res: ServerResponse, status: number, contentType: string, text: string): void {
  res.statusCode = status;
  res.setHeader("content-type", contentType);
  res.setHeader("cache-control", "no-store");
  res.end(text);
}
