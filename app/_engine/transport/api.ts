/** Typed calls to the server. A failed call is a CallError with a closed code; "offline" means that nobody answered,
 *  so whether the call took effect is unknown. */

import { createTRPCClient, httpLink, TRPCClientError } from "@trpc/client";
import { ERROR_CODES, type ErrorCode, type ErrorDetails } from "@/server/contract/errors";
import type { AppRouter } from "@/server/routers/index";

/** Server codes, and what only a device can find. */
export type CallCode = ErrorCode | "offline" | "key_changed";

export class CallError extends Error {
  override readonly name = "CallError";
  constructor(
    readonly code: CallCode,
    readonly details: ErrorDetails = {},
  ) {
    super(code);
  }
}

type Client = ReturnType<typeof createTRPCClient<AppRouter>>;
export type Api = {
  /** Runs one call of the tRPC client and turns whatever goes wrong into a CallError. */
  call<T>(run: (client: Client) => Promise<T>): Promise<T>;
  signIn(username: string, password: string): Promise<void>;
  signOut(): Promise<void>;
};

const CALL_TIMEOUT_MS = 20_000;

export function createApi(deps: { origin: string; fetch: typeof fetch }): Api {
  const send: typeof fetch = (url, init) =>
    deps.fetch(url, { ...init, credentials: "same-origin", signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  const client = createTRPCClient<AppRouter>({
    links: [httpLink({ url: `${deps.origin}/api/trpc`, fetch: send as never })],
  });
  const post = async (path: string, body: unknown) => {
    const response = await send(`${deps.origin}/api/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => {
      throw new CallError("offline");
    });
    if (!response.ok) throw await authError(response);
    // Somebody else's page in the place of the answer.
    if (!response.headers.get("content-type")?.includes("application/json")) throw new CallError("unavailable");
  };
  return {
    async call(run) {
      try {
        return await run(client);
      } catch (error) {
        throw callError(error);
      }
    },
    signIn: (username, password) => post("sign-in/username", { username, password }),
    signOut: () => post("sign-out", {}),
  };
}

function callError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  if (!(error instanceof TRPCClientError)) throw error;
  const app = (error.data as { app?: { code?: unknown } & ErrorDetails } | undefined)?.app;
  if (app && isErrorCode(app.code)) return new CallError(app.code, details(app));
  const status = (error.meta as { response?: { status?: number } } | undefined)?.response?.status;
  if (status === undefined) return new CallError("offline");
  return new CallError(codeOfStatus(status));
}

async function authError(response: Response): Promise<CallError> {
  const body = (await response.json().catch(() => ({}))) as { code?: unknown } & ErrorDetails;
  if (isErrorCode(body.code)) return new CallError(body.code, details(body));
  return new CallError(codeOfStatus(response.status));
}

/** An answer that is not ours: a proxy's, or a server that is just stopping. It says nothing about the account. */
function codeOfStatus(status: number): CallCode {
  if (status === 413) return "too_large";
  if (status === 429) return "rate_limited";
  return "unavailable";
}

function details(from: ErrorDetails): ErrorDetails {
  return {
    ...(typeof from.retryAfterMs === "number" && { retryAfterMs: from.retryAfterMs }),
    ...(typeof from.reason === "string" && { reason: from.reason }),
  };
}

function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.includes(code as ErrorCode);
}
