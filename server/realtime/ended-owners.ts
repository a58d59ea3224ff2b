/** Sessions and devices that ended a moment ago. A sign-in that was handed out just before the end must not open a socket just after it. */
import type { SocketOwner } from "./connection";

/** Longer than a sign-in can be under way: it is good for half this time. */
const REMEMBERED_MS = 120_000;

export type EndedOwners = ReturnType<typeof createEndedOwners>;

export function createEndedOwners(now: () => number) {
  const endedAtMs = new Map<string, number>();
  return {
    /** `id` is a session's or a device's. */
    add(id: string): void {
      endedAtMs.set(id, now());
    },
    holds: ({ sessionId, deviceId }: SocketOwner) => endedAtMs.has(sessionId) || endedAtMs.has(deviceId),
    forgetOld(): void {
      for (const [id, at] of endedAtMs) if (now() - at > REMEMBERED_MS) endedAtMs.delete(id);
    },
  };
}
