/** Passwords, sign-in and session cookies by better-auth, on our tables and behind our own doors: none of its routes is
 *  reachable by itself, and a session's token leaves the server in an HttpOnly cookie only. */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { betterAuth } from "better-auth";
import { prismaAdapter } from "better-auth/adapters/prisma";
import { APIError } from "better-auth/api";
import { hashPassword, verifyPassword } from "better-auth/crypto";
import { username } from "better-auth/plugins";
import { withGenericIds } from "./auth-database";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, USERNAME_PATTERN } from "./contract/limits";
import type { PrismaClient } from "./generated/prisma/client";
import type { Settings } from "./settings";

/** A session lasts this long after it was last used. */
export const SESSION_SECONDS = 60 * 86_400;
/** better-auth's name for "signs in with a password"; in credentials.provider_id. */
export const PASSWORD_PROVIDER = "credential";

/** The only header that better-auth reads an address from. Requests of clients never reach it as they are. */
const ADDRESS_HEADER = "x-parley-address";

export type Auth = {
  cookieName: string;
  /** Checks the password and makes a session. Returns Set-Cookie lines and the session's token, or null if the name or password is wrong. */
  signIn(input: SignInInput): Promise<{ cookies: string[]; token: string } | null>;
  /** Ends the session of this Cookie header, if there is one. Returns the Set-Cookie lines that remove the cookie. */
  signOut(cookieHeader: string): Promise<{ cookies: string[] }>;
  /** scrypt, N 16384, r 16, p 1, 64 bytes, random salt of 16 bytes. */
  hashPassword(password: string): Promise<string>;
  verifyPassword(input: { hash: string; password: string }): Promise<boolean>;
  /** The session token in a Cookie header, if its signature is ours. */
  readToken(cookieHeader: string | undefined): string | null;
  /** A Set-Cookie line that makes the session's cookie last its full time again. */
  renewCookie(token: string): string;
};
export type SignInInput = { username: string; password: string; ipAddress: string; userAgent: string };

/** `__Host-`: only this host can have set it, over https, for all paths. Browsers refuse that name on http. */
function sessionCookie(settings: Settings) {
  const secure = settings.publicUrl?.protocol === "https:";
  return { name: secure ? "__Host-parley_session" : "parley_session", secure };
}

function createBetterAuth({ prisma, settings }: { prisma: PrismaClient; settings: Settings }) {
  const cookie = sessionCookie(settings);
  return betterAuth({
    secret: settings.authSecret,
    baseURL: settings.publicUrl?.origin ?? `http://localhost:${settings.port}`,
    database: prismaAdapter(withGenericIds(prisma), { provider: "postgresql" }),
    emailAndPassword: { enabled: true, minPasswordLength: MIN_PASSWORD_LENGTH, maxPasswordLength: MAX_PASSWORD_LENGTH },
    account: { modelName: "credential" },
    session: { expiresIn: SESSION_SECONDS, disableSessionRefresh: true },
    plugins: [
      username({
        displayUsername: false,
        maxUsernameLength: 32,
        usernameNormalization: false,
        usernameValidator: (name) => USERNAME_PATTERN.test(name),
      }),
    ],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    advanced: {
      database: { generateId: () => randomUUID(), validateSchema: false },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER], ipv6Subnet: 128 },
      useSecureCookies: false,
      cookies: {
        session_token: { name: cookie.name, attributes: { httpOnly: true, sameSite: "strict", path: "/", secure: cookie.secure } },
      },
    },
  });
}

/** better-auth on the given database. Its cookies are `__Host-` and Secure when PARLEY_URL is https. */
export function createAuth(deps: { prisma: PrismaClient; settings: Settings }): Auth {
  const better = createBetterAuth(deps);
  const { name, secure } = sessionCookie(deps.settings);
  const sign = (token: string) => createHmac("sha256", deps.settings.authSecret).update(token).digest("base64");
  const readToken = (cookieHeader: string | undefined) => readSignedCookie(cookieHeader, name, sign);

  return {
    cookieName: name,
    hashPassword,
    verifyPassword,
    readToken,
    async signIn({ username, password, ipAddress, userAgent }) {
      const headers = new Headers({ [ADDRESS_HEADER]: ipAddress, "user-agent": userAgent });
      try {
        const answer = await better.api.signInUsername({ body: { username, password }, headers, returnHeaders: true });
        return answer.response === null ? null : { cookies: answer.headers.getSetCookie(), token: answer.response.token };
      } catch (error) {
        if (error instanceof APIError && error.statusCode < 500) return null;
        throw error;
      }
    },
    async signOut(cookieHeader) {
      const { headers } = await better.api.signOut({ headers: new Headers({ cookie: cookieHeader }), returnHeaders: true });
      return { cookies: headers.getSetCookie().filter((line) => line.startsWith(`${name}=`)) };
    },
    renewCookie(token) {
      const value = encodeURIComponent(`${token}.${sign(token)}`);
      return `${name}=${value}; Max-Age=${SESSION_SECONDS}; Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
    },
  };
}

/** NOTE: better-call signs `token` as encodeURIComponent(`${token}.${base64(HMAC-SHA256)}`). Read here, not by better-auth, because each
 *  request needs it and better-auth would ask the database twice. */
function readSignedCookie(header: string | undefined, name: string, sign: (token: string) => string): string | null {
  const pair = header?.split(";").find((each) => each.trimStart().startsWith(`${name}=`));
  if (pair === undefined) return null;
  const match = /^([\w-]{16,128})\.([A-Za-z0-9+/]{43}=)$/.exec(decode(pair.slice(pair.indexOf("=") + 1).trim()));
  const [, token, signature] = match ?? [];
  if (token === undefined || signature === undefined) return null;
  return timingSafeEqual(Buffer.from(sign(token)), Buffer.from(signature)) ? token : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
