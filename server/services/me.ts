import type { SessionContext } from "../context";
import type { Me } from "../contract/accounts";

/** Who is signed in, and what this browser still has to do. */
export async function me({ app, caller }: SessionContext): Promise<Me> {
  const { userId, username, isAdmin, sessionId, deviceId } = caller;
  const manifest = await app.prisma.deviceManifest.findFirst({ where: { userId }, select: { version: true } });
  return { userId, username, isAdmin, sessionId, deviceId, hasManifest: manifest !== null };
}
