/** Who is online, when they were last seen, and who is typing: what travels, and on which channels. All of it is fleeting: an event that
 *  gets lost is made up for by asking, or by time. */
import { z } from "zod";
import { TimeMs } from "./encodings";
import { ChatId, UserId } from "./ids";
import { MAX_WATCHED_ACCOUNTS } from "./limits";

/** What the names of all presence channels begin with. */
export const PRESENCE_CHANNELS = "private-presence-";
const CHAT = "private-chat-";

/** The channel on which changes of a person's presence are told to those who may know it. */
export function presenceChannel(userId: UserId): string {
  return `${PRESENCE_CHANNELS}${userId}`;
}

/** The account whose presence a channel tells, or undefined if it is no well-formed presence channel. */
export function accountOfPresenceChannel(channel: string): UserId | undefined {
  if (!channel.startsWith(PRESENCE_CHANNELS)) return undefined;
  const id = UserId.safeParse(channel.slice(PRESENCE_CHANNELS.length));
  return id.success && presenceChannel(id.data) === channel ? id.data : undefined;
}

/** The channel on which a chat's members tell each other that they are typing, and nothing else. */
export function chatChannel(chatId: ChatId): string {
  return `${CHAT}${chatId}`;
}

/** The chat that a channel belongs to, or undefined if it is no well-formed chat channel. */
export function chatOfChannel(channel: string): ChatId | undefined {
  if (!channel.startsWith(CHAT)) return undefined;
  const id = ChatId.safeParse(channel.slice(CHAT.length));
  return id.success && chatChannel(id.data) === channel ? id.data : undefined;
}

/** How a person stands. `hidden` is the one answer for those who don't share it, don't share a chat with the caller, or don't exist. */
export const Presence = z.discriminatedUnion("state", [
  z.object({ state: z.literal("online") }),
  /** `lastSeenMs`: null if never; in whole minutes. */
  z.object({ state: z.literal("offline"), lastSeenMs: TimeMs.nullable() }),
  z.object({ state: z.literal("hidden") }),
]);
export type Presence = z.infer<typeof Presence>;

const MINUTE_MS = 60_000;
/** Takes milliseconds, or null for never: no more exact than people are shown. */
export function offlineSince(lastSeenMs: number | null): Presence {
  return { state: "offline", lastSeenMs: lastSeenMs === null ? null : Math.floor(lastSeenMs / MINUTE_MS) * MINUTE_MS };
}

export const GetPresence = z.object({ userIds: z.array(UserId).min(1).max(MAX_WATCHED_ACCOUNTS) });
/** One for each that was asked for, in that order. */
export const GotPresence = z.object({ people: z.array(Presence) });

/** On a presence channel: the state from now on. */
export const PresenceEvent = z.object({ userId: UserId, presence: Presence });
export type PresenceEvent = z.infer<typeof PresenceEvent>;

/** What an account shares. Both go both ways: who does not share it is not told it either. */
export const Privacy = z.object({ sharesPresence: z.boolean(), sharesTyping: z.boolean() });
export type Privacy = z.infer<typeof Privacy>;
export const SetPrivacy = Privacy.partial();

/** The client event on a chat's channel. The server passes it on unread. */
export const TYPING_EVENT = "client-typing";
export const TypingEvent = z.object({ userId: UserId, state: z.enum(["typing", "stopped"]) });
export type TypingEvent = z.infer<typeof TypingEvent>;
