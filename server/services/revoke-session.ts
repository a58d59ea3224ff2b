import type { SessionContext } from "../context";
import { AppError } from "../contract/errors";

/** Ends one session of the caller's account and its sockets. Throws `not_found`. */
export async function revokeSession({ app, caller }: SessionContext, { sessionId }: { sessionId: string }): Promise<void> {
  const { count } = await app.prisma.session.deleteMany({ where: { sessionId, userId: caller.userId } });
  if (count === 0) throw new AppError("not_found", "no such session");
  app.realtime.endSession(sessionId);
}
