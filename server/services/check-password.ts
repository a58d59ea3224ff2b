import { PASSWORD_PROVIDER } from "../auth";
import type { SessionContext } from "../context";
import { AppError } from "../contract/errors";

/** Makes sure that the person in front of the session knows its password. Throws `unauthorized`, `rate_limited`. */
export async function checkPassword({ app, caller }: SessionContext, password: string): Promise<void> {
  await app.rateLimits.consume("password", caller.userId);
  const credential = await app.prisma.credential.findFirst({ where: { userId: caller.userId, providerId: PASSWORD_PROVIDER } });
  const hash = credential?.password;
  if (!hash || !(await app.auth.verifyPassword({ hash, password }))) throw new AppError("unauthorized", "wrong password");
}
