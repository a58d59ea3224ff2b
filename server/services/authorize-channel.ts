import type { z } from "zod";
import type { DeviceContext } from "../context";
import type { AuthorizeChannel, ChannelAuthorization } from "../contract/events";

/** Lets the socket hear the caller's own account channel. Throws `bad_request` for malformed names, `forbidden` for other channels. */
export async function authorizeChannel(
  { app, caller }: DeviceContext,
  { socketId, channel }: z.infer<typeof AuthorizeChannel>,
): Promise<z.infer<typeof ChannelAuthorization>> {
  const { userId, sessionId, deviceId } = caller;
  return { auth: app.realtime.authorize(socketId, channel, { userId, sessionId, deviceId }) };
}
