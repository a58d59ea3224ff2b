import type { AppContext } from "../context";

/** Ends the session of this Cookie header and its sockets; without a session it does nothing. Returns the lines that remove the cookie. */
export async function signOut(app: AppContext, cookieHeader: string | undefined): Promise<{ cookies: string[] }> {
  const token = app.auth.readToken(cookieHeader);
  const session = token === null ? null : await app.sessions.find(token);
  const { cookies } = await app.auth.signOut(cookieHeader ?? "");
  if (session !== null) app.realtime.endSession(session.sessionId);
  return { cookies };
}
