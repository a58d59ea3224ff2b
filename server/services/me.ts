import type { RequestContext } from "../context";
import type { Me } from "../contract/accounts";

/** Who is signed in, and what this browser still has to do; null without a valid session. */
export async function me({ app, caller }: RequestContext): Promise<Me | null> {
  if (caller === null) return null;
  const { userId, username, isAdmin, sessionId, deviceId } = caller;
  const manifest = await app.prisma.deviceManifest.findFirst({ where: { userId }, select: { version: true } });
  return { userId, username, isAdmin, sessionId, deviceId, hasManifest: manifest !== null };
}
