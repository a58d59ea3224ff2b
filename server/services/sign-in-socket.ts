import type { z } from "zod";
import type { DeviceContext } from "../context";
import { accountChannel, type SignInSocket, type SocketSignIn } from "../contract/events";

/** Lets the socket sign in as the caller's session and then listen to the account's channel. Whichever process holds it takes the
 *  signatures, the first for a minute. Throws `forbidden` if the session has just ended. */
export async function signInSocket(
  { app, caller }: Pick<DeviceContext, "app" | "caller">,
  { socketId }: z.infer<typeof SignInSocket>,
): Promise<z.infer<typeof SocketSignIn>> {
  const { userId, sessionId, deviceId } = caller;
  const signIn = app.realtime.signIn(socketId, { userId, sessionId, deviceId });
  return { ...signIn, channelAuth: app.realtime.authorize(socketId, accountChannel(userId)) };
}
