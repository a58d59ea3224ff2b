import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppContext, RequestContext } from "../context";
import { clientAddress } from "./client-address";

const MAX_USER_AGENT = 300;

/** Address and program of whoever sent the request. */
export function clientOf(req: IncomingMessage, app: AppContext): { ipAddress: string; userAgent: string } {
  return {
    ipAddress: clientAddress(req, app.settings),
    // Header values are bytes; what is shown to the account's owner later is printable ASCII.
    userAgent: (req.headers["user-agent"] ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, MAX_USER_AGENT),
  };
}

/** Finds out who asks. Renews the session's cookie now and then. Throws when the database can't be asked. */
export async function createRequestContext(app: AppContext, req: IncomingMessage, res: ServerResponse): Promise<RequestContext> {
  const client = clientOf(req, app);
  const setCookies = (lines: readonly string[]) => {
    for (const line of lines) res.appendHeader("set-cookie", line);
  };
  const token = app.auth.readToken(req.headers.cookie);
  const found = token === null ? null : await app.sessions.find(token);
  if (token === null || found === null) return { app, caller: null, ...client, setCookies };
  const { renewCookie, ...session } = found;
  if (renewCookie) setCookies([app.auth.renewCookie(token)]);
  return { app, caller: { ...session, ipAddress: client.ipAddress }, ...client, setCookies };
}
