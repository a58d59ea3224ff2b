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
    const signedIn = (await maySignIn(app, input.username)) ? await app.auth.signIn(input) : await refuseSlowly(app, input.password);
    if (signedIn === null) throw new AppError("unauthorized", "wrong name or password");
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

async function maySignIn(app: AppContext, username: string): Promise<boolean> {
  const user = await app.prisma.user.findUnique({ where: { username }, select: { status: true } });
  return user?.status === "active";
}

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
