/** Who a socket signs in as. Our own sessions sign in under their session id, so that terminating a user's connections, which every
 *  service of this protocol can do, ends exactly one session; the account and the device travel beside it. */
import { z } from "zod";
import { DeviceId, UserId } from "../contract/ids";
import { isUserId } from "./channel-names";
import type { SocketOwner } from "./connection";

/** How long a sign-in that was handed out may wait for being used. Shorter than ended sessions are remembered. */
const USABLE_MS = 60_000;

/** A sign-in as its signed data tells it; the signature is somebody else's business. */
export type SignIn = {
  /** The protocol's user id. */
  id: string;
  /** Shown to the members of presence channels that are joined without channel data. */
  info: unknown;
  /** Undefined for users of other applications. */
  session: { owner: SocketOwner; untilMs: number } | undefined;
};

const Session = z.object({ userId: UserId, deviceId: DeviceId, untilMs: z.int() });
const UserData = z.object({ id: z.string().refine(isUserId), user_info: z.unknown().optional() });

export function encodeUserData({ sessionId, userId, deviceId }: SocketOwner, nowMs: number): string {
  return JSON.stringify({ id: sessionId, user_info: { userId, deviceId, untilMs: nowMs + USABLE_MS } });
}

/** Undefined if it is no user's data. */
export function parseUserData(text: string): SignIn | undefined {
  const parsed = UserData.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { id, user_info: info } = parsed.data;
  const session = Session.safeParse(info);
  if (!session.success) return { id, info, session: undefined };
  const { userId, deviceId, untilMs } = session.data;
  return { id, info, session: { owner: { userId, deviceId, sessionId: id }, untilMs } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
