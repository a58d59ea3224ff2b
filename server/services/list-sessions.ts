import type { SessionContext } from "../context";
import type { SessionInfo } from "../contract/accounts";
import { DeviceId } from "../contract/ids";
import { MAX_SESSIONS_PER_ACCOUNT } from "../contract/limits";

/** Where the account is signed in, last used first. */
export async function listSessions({ app, caller }: SessionContext): Promise<SessionInfo[]> {
  const sessions = await app.prisma.session.findMany({
    where: { userId: caller.userId, expiresAt: { gt: app.now() } },
    orderBy: { updatedAt: "desc" },
    take: MAX_SESSIONS_PER_ACCOUNT,
  });
  return sessions.map((session) => ({
    sessionId: session.sessionId,
    current: session.sessionId === caller.sessionId,
    createdAtMs: session.createdAt.getTime(),
    lastSeenAtMs: session.updatedAt.getTime(),
    userAgent: session.userAgent ?? "",
    ipAddress: session.ipAddress ?? "",
    deviceId: session.deviceId === null ? null : DeviceId.parse(session.deviceId),
  }));
}
