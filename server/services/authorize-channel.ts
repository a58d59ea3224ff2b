/** Who may listen to which channel. Whichever process holds the socket takes the signature. */
import type { z } from "zod";
import type { DeviceContext } from "../context";
import { AppError } from "../contract/errors";
import { type AuthorizeChannel, accountOfChannel, type ChannelAuthorization } from "../contract/events";
import type { ChatId, UserId } from "../contract/ids";
import { accountOfPresenceChannel, chatOfChannel } from "../contract/presence";
import { query } from "./sql";

type Ask = Pick<DeviceContext, "app" | "caller">;

/** Lets the socket hear a channel: the caller's own account (once the socket signed in), a person whose presence the caller may know, or a
 *  chat that the caller is in now and tells their typing in. Throws `bad_request` for malformed names, `forbidden` for other channels. */
export async function authorizeChannel(
  ask: Ask,
  { socketId, channel }: z.infer<typeof AuthorizeChannel>,
): Promise<z.infer<typeof ChannelAuthorization>> {
  if (!(await mayListen(ask, channel))) throw new AppError("forbidden", "not the caller's channel");
  return { auth: ask.app.realtime.authorize(socketId, channel) };
}

function mayListen(ask: Ask, channel: string): boolean | Promise<boolean> {
  const account = accountOfChannel(channel);
  if (account !== undefined) return account === ask.caller.userId;
  const watched = accountOfPresenceChannel(channel);
  if (watched !== undefined) return mayWatch(ask, watched);
  const chatId = chatOfChannel(channel);
  if (chatId !== undefined) return mayType(ask, chatId);
  throw new AppError("bad_request", "no such channel");
}

async function mayWatch({ app, caller }: Ask, watched: UserId): Promise<boolean> {
  await app.rateLimits.consume("presence", caller.userId);
  const rows = await query(app.pool, "may_watch", "SELECT 1 FROM watchable_accounts($1, ARRAY[$2::uuid])", [caller.userId, watched]);
  return rows.length > 0;
}

const MAY_TYPE = `
  SELECT 1 FROM chat_participants p JOIN users u ON u.user_id = p.user_id
  WHERE p.chat_id = $1 AND p.user_id = $2 AND p.left_seq IS NULL AND u.shares_typing`;

async function mayType({ app, caller }: Ask, chatId: ChatId): Promise<boolean> {
  await app.rateLimits.consume("presence", caller.userId);
  return (await query(app.pool, "may_type", MAY_TYPE, [chatId, caller.userId])).length > 0;
}
