/** One error class with a closed list of codes. The code is for machines, the message for logs and developers:
 *  neither may contain content, keys, tokens or passwords. */

export const ERROR_STATUS = {
  /** The input does not fit its schema, or contradicts itself. */
  bad_request: 400,
  /** No session, an expired one, or a wrong password. */
  unauthorized: 401,
  /** Signed in, but not allowed: not an administrator, registration closed, foreign origin. */
  forbidden: 403,
  /** The session's device is not (or no longer) one of the account's: register, attach or link it first. */
  device_required: 403,
  /** Not a member of that chat (now). Final for an outbox entry. */
  not_member: 403,
  /** The peer blocked the sender. Final for an outbox entry. */
  blocked: 403,
  not_found: 404,
  /** The user name belongs to somebody, or once did: names are never given again. */
  username_taken: 409,
  /** The messageId is in use by another device's entry. Final for an outbox entry. */
  id_taken: 409,
  /** audienceSeq is not the chat's: apply the statements in the answer and send again. */
  stale_audience: 409,
  /** The manifest does not follow the account's last one: fetch the chain and look again. */
  stale_manifest: 409,
  /** Over a size limit of limits.ts. Final for an outbox entry. */
  too_large: 413,
  /** Try again after retryAfterMs. */
  rate_limited: 429,
  /** Encryption happens on devices: the body says where to call instead. */
  not_on_server: 501,
  /** Database or another engine can't be reached right now: nothing was lost, try again. */
  unavailable: 503,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;
export const ERROR_CODES = Object.keys(ERROR_STATUS) as ErrorCode[];

/** What a failed call carries besides its code; all fields are safe to show. */
export type ErrorDetails = { retryAfterMs?: number; reason?: string };

export class AppError extends Error {
  override readonly name = "AppError";
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
  }
}

/** Makes sure at compile time that a switch over a union has a case for each member. */
export function assertNever(value: never): never {
  throw new Error(`unexpected case: ${String(value)}`);
}
