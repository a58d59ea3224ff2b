/** What a channel's name says about it. Lengths and alphabet are those of Pusher Channels. */

export type ChannelKind = "public" | "private" | "presence" | "user";

const NAME = /^[-\w=@,.;]{1,200}$/;
const SOCKET_ID = /^\d{1,20}\.\d{1,20}$/;
const USER_ID = /^[^\p{Cc}]{1,200}$/u;
const USER = "#server-to-user-";

/** Undefined if it is no channel's name. */
export function kindOfChannel(channel: string): ChannelKind | undefined {
  if (channel.startsWith(USER)) return isUserId(channel.slice(USER.length)) ? "user" : undefined;
  if (!NAME.test(channel)) return undefined;
  if (channel.startsWith("private-")) return "private";
  return channel.startsWith("presence-") ? "presence" : "public";
}

export function isSocketId(text: string): boolean {
  return SOCKET_ID.test(text);
}

/** Ids that sockets sign in under and members have: any text without control characters. */
export function isUserId(text: string): boolean {
  return USER_ID.test(text);
}

/** The channel of what is sent to a user; it needs no signature, only the sign-in. */
export function userChannel(userId: string): string {
  return `${USER}${userId}`;
}

/** Clients may speak to one another where a signature let each of them in, but not past end-to-end encryption. */
export function takesClientEvents(channel: string): boolean {
  const kind = kindOfChannel(channel);
  return (kind === "private" || kind === "presence") && !channel.startsWith("private-encrypted-");
}
