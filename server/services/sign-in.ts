import { PASSWORD_PROVIDER } from "../auth";
import type { AppContext } from "../context";
import { AppError } from "../contract/errors";
import { MAX_SESSIONS_PER_ACCOUNT } from "../contract/limits";
import { addressKey } from "../rate-limits";

export type SignInRequest = { username: string; password: string; ipAddress: string; userAgent: string };

/** Checks name and password and makes a session; an account that has too many loses the one that was unused for longest, so that the list
 *  of sessions is never short of one. Returns its Set-Cookie lines. Throws `unauthorized` (the same, after the same
 *  work, for a wrong password, an unknown name and an account that is suspended or deleted), `rate_limited`, `unavailable`. */
export async function signIn(app: AppContext, input: SignInRequest): Promise<{ cookies: string[] }> {
  try {
    const address = addressKey(input.ipAddress);
    await app.rateLimits.consume("signInAddress", address);
    await app.rateLimits.consume("signInPair", `${address} ${input.username}`);
    await app.rateLimits.consume("signInAccount", input.username);
    const passwordHash = await readPasswordHash(app, input.username);
    const signedIn = passwordHash === null ? await refuseSlowly(app, input.password) : await app.auth.signIn(input);
    if (signedIn === null || (await hasOldPassword(app, signedIn.token, passwordHash))) {
      throw new AppError("unauthorized", "wrong name or password");
    }
    await app.pool.query(END_UNUSED, [input.username]);
    app.metrics.signIns("ok");
    return { cookies: signedIn.cookies };
  } catch (error) {
    app.metrics.signIns(outcome(error));
    throw error;
  }
}

// Whoever listens for ended sessions (wake-up.ts) cuts their sockets.
const END_UNUSED = `
  DELETE FROM sessions WHERE session_id IN (
    SELECT s.session_id FROM sessions s JOIN users u ON u.user_id = s.user_id WHERE u.username = $1
    ORDER BY s.updated_at DESC, s.session_id OFFSET ${MAX_SESSIONS_PER_ACCOUNT})`;

/** Of an account that may sign in; null for all others. */
async function readPasswordHash(app: AppContext, username: string): Promise<string | null> {
  const credential = await app.prisma.credential.findFirst({
    where: { providerId: PASSWORD_PROVIDER, user: { username, status: "active" } },
    select: { password: true },
  });
  return credential?.password ?? null;
}

/** Ends the session if the password changed while it was made: whoever changed it ended the sessions there were, and this one came after. */
async function hasOldPassword(app: AppContext, token: string, passwordHash: string | null): Promise<boolean> {
  const { rowCount } = await app.pool.query(END_OF_OLD_PASSWORD, [token, PASSWORD_PROVIDER, passwordHash]);
  return rowCount !== 0;
}

const END_OF_OLD_PASSWORD = `
  DELETE FROM sessions s WHERE s.token = $1 AND NOT EXISTS (
    SELECT 1 FROM credentials c WHERE c.user_id = s.user_id AND c.provider_id = $2 AND c.password = $3)`;

/** As much work as checking a password, so that the time does not tell whether the name is somebody's. */
async function refuseSlowly(app: AppContext, password: string): Promise<null> {
  await app.auth.hashPassword(password);
  return null;
}

function outcome(error: unknown): "refused" | "limited" | "failed" {
  if (!(error instanceof AppError)) return "failed";
  if (error.code === "unauthorized") return "refused";
  return error.code === "rate_limited" ? "limited" : "failed";
}
