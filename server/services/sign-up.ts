import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { PASSWORD_PROVIDER } from "../auth";
import type { AppContext, RequestContext } from "../context";
import type { Me, SignUp } from "../contract/accounts";
import { AppError } from "../contract/errors";
import { UserId } from "../contract/ids";
import type { Prisma } from "../generated/prisma/client";
import { addressKey } from "../rate-limits";

/** Makes an account and signs it in; the cookie goes into the answer. The first account of a server, or the first
 *  after all were deleted, is its administrator and needs no permission. Throws `forbidden` (reason `closed` or `invite`), `username_taken`, `rate_limited`. */
export async function signUp(ctx: RequestContext, input: z.infer<typeof SignUp>): Promise<Me> {
  const { app } = ctx;
  await app.rateLimits.consume("signUp", addressKey(ctx.ipAddress));
  const passwordHash = await app.auth.hashPassword(input.password);
  await app.prisma.$transaction((tx) => createAccount(app, tx, { ...input, passwordHash }));
  app.metrics.signUps();
  const signedIn = await app.auth.signIn({ ...input, ipAddress: ctx.ipAddress, userAgent: ctx.userAgent });
  const session = signedIn === null ? null : await app.sessions.find(signedIn.token);
  if (signedIn === null || session === null) throw new AppError("internal", "a new account could not sign in");
  ctx.setCookies(signedIn.cookies);
  const { userId, username, isAdmin, sessionId, deviceId } = session;
  return { userId, username, isAdmin, sessionId, deviceId, hasManifest: false };
}

type NewAccount = { username: string; passwordHash: string; invite?: string | undefined };

async function createAccount(app: AppContext, tx: Prisma.TransactionClient, input: NewAccount): Promise<void> {
  // One sign-up at a time, and no deletion beside it, so that exactly one account is the first: there are none, or none any more.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('parley sign-up'))`;
  const isFirst = (await tx.user.findFirst({ where: { status: { not: "deleted" } }, select: { userId: true } })) === null;
  const userId = UserId.parse(randomUUID());
  if (!isFirst) await takePermission(app, tx, userId, input.invite);
  const made = await tx.user.createMany({
    data: [{ userId, username: input.username, email: `${userId}@invalid`, isAdmin: isFirst }],
    skipDuplicates: true,
  });
  if (made.count === 0) throw new AppError("username_taken", "the user name is or was in use");
  await tx.credential.create({
    data: { credentialId: randomUUID(), userId, accountId: userId, providerId: PASSWORD_PROVIDER, password: input.passwordHash },
  });
}

async function takePermission(app: AppContext, tx: Prisma.TransactionClient, userId: UserId, invite: string | undefined): Promise<void> {
  const { registration } = app.settings;
  if (registration === "closed") throw new AppError("forbidden", "registration is closed", { reason: "closed" });
  if (registration === "open") return;
  const at = app.now();
  const used = await tx.invite.updateMany({
    where: { code: invite ?? "", usedBy: null, expiresAt: { gt: at } },
    data: { usedBy: userId, usedAt: at },
  });
  if (used.count === 0) throw new AppError("forbidden", "the invite is missing, used or expired", { reason: "invite" });
}
