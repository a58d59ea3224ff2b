import type { z } from "zod";
import type { SessionContext } from "../context";
import type { DeleteAccount } from "../contract/accounts";
import type { UserId } from "../contract/ids";
import type { Prisma } from "../generated/prisma/client";
import { checkPassword } from "./check-password";

/** Deletes what the account has on the server and ends its sessions and sockets. Its user name is never given again, its manifests
 *  stay (contacts verify old entries by them), and so do the entries it wrote: they are the chats'. Throws `unauthorized`, `rate_limited`. */
export async function deleteAccount(ctx: SessionContext, { password }: z.infer<typeof DeleteAccount>): Promise<void> {
  await checkPassword(ctx, password);
  const { app, caller } = ctx;
  const sessions = await app.prisma.$transaction((tx) => eraseAccount(tx, caller.userId));
  for (const { sessionId } of sessions) app.realtime.endSession(sessionId);
  app.realtime.endAccount(caller.userId);
  ctx.setCookies((await app.auth.signOut("")).cookies);
}

/** Returns the sessions that were ended. */
async function eraseAccount(tx: Prisma.TransactionClient, userId: UserId): Promise<{ sessionId: string }[]> {
  // The account first: from here on nothing can be sent by it or attached to it.
  await tx.user.update({ where: { userId }, data: { status: "deleted", isAdmin: false, lastSeenAt: null } });
  const sessions = await tx.session.findMany({ where: { userId }, select: { sessionId: true } });
  await tx.session.deleteMany({ where: { userId } });
  await tx.credential.deleteMany({ where: { userId } });
  await tx.oneTimePrekey.deleteMany({ where: { userId } });
  await tx.encryptionKey.deleteMany({ where: { userId } });
  // message_parts has no index on the device: the cursors tell in which chats to look.
  await tx.$executeRaw`
    DELETE FROM message_parts p USING device_cursors c, devices d
    WHERE d.user_id = ${userId}::uuid AND c.device_id = d.device_id AND p.chat_id = c.chat_id AND p.device_id = c.device_id`;
  await tx.$executeRaw`DELETE FROM device_cursors c USING devices d WHERE d.user_id = ${userId}::uuid AND c.device_id = d.device_id`;
  await tx.device.deleteMany({ where: { userId } });
  return sessions;
}
