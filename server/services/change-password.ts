import type { z } from "zod";
import { PASSWORD_PROVIDER } from "../auth";
import type { SessionContext } from "../context";
import type { ChangePassword } from "../contract/accounts";
import { checkPassword } from "./check-password";
import { endOtherSessions } from "./end-sessions";

/** Throws `unauthorized` if the current password is wrong, `rate_limited`. */
export async function changePassword(ctx: SessionContext, input: z.infer<typeof ChangePassword>): Promise<void> {
  await checkPassword(ctx, input.currentPassword);
  const password = await ctx.app.auth.hashPassword(input.newPassword);
  await ctx.app.prisma.credential.updateMany({
    where: { userId: ctx.caller.userId, providerId: PASSWORD_PROVIDER },
    data: { password },
  });
  if (input.endOtherSessions) await endOtherSessions(ctx);
}
