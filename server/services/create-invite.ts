import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { SessionContext } from "../context";
import type { CreateInvite, InviteInfo } from "../contract/accounts";

const DAY_MS = 86_400_000;

/** A code that lets one person sign up. Throws `rate_limited`. */
export async function createInvite(
  { app, caller }: SessionContext,
  { validDays }: z.infer<typeof CreateInvite>,
): Promise<z.infer<typeof InviteInfo>> {
  await app.rateLimits.consume("createInvite", caller.userId);
  const createdAt = app.now();
  const expiresAt = new Date(createdAt.getTime() + validDays * DAY_MS);
  const code = randomBytes(18).toString("base64url");
  await app.prisma.invite.create({ data: { code, createdBy: caller.userId, createdAt, expiresAt } });
  return { code, createdAtMs: createdAt.getTime(), expiresAtMs: expiresAt.getTime(), usedBy: null };
}
