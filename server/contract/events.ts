/** Names of channels and the events on them. Real-time is a hint: every event may be lost, and the log is the truth. */
import { z } from "zod";
import { Entry } from "./chats";
import { ChatId, LogId, Seq, UserId } from "./ids";
import { type PresenceEvent, Privacy } from "./presence";

/** What the names of all account channels begin with. */
export const ACCOUNT_CHANNELS = "private-account-";

export function accountChannel(userId: UserId): string {
  return `${ACCOUNT_CHANNELS}${userId}`;
}

/** The account that a channel name belongs to, or undefined if it is no well-formed account channel. */
export function accountOfChannel(channel: string): UserId | undefined {
  if (!channel.startsWith(ACCOUNT_CHANNELS)) return undefined;
  const id = UserId.safeParse(channel.slice(ACCOUNT_CHANNELS.length));
  return id.success && accountChannel(id.data) === channel ? id.data : undefined;
}

/** What happened in a chat; `entry` and `parts` only where they fit into MAX_EVENT_BYTES. */
export const EntryEvent = z.object({
  logId: LogId,
  chatId: ChatId,
  seq: Seq,
  /** Without partBase64: each device finds its own in `parts`, by device id. */
  entry: Entry.optional(),
  parts: z.record(z.string(), z.string()).optional(),
});
export type EntryEvent = z.infer<typeof EntryEvent>;

export const WatermarkEvent = z.object({ logId: LogId, chatId: ChatId, userId: UserId, deliveredSeq: Seq, readSeq: Seq });
export type WatermarkEvent = z.infer<typeof WatermarkEvent>;

/** Pull now: the server may have lost track of what it told. */
export const LookEvent = z.object({ logId: LogId });

/** What the account shares from now on, changed on one of its devices. */
export const PrivacyEvent = Privacy;

export type AccountEvent =
  | { name: "entry"; data: EntryEvent }
  | { name: "watermark"; data: WatermarkEvent }
  | { name: "privacy"; data: Privacy }
  | { name: "look"; data: z.infer<typeof LookEvent> };

/** Whatever the server publishes: on account channels, and on presence channels. */
export type RealtimeEvent = AccountEvent | { name: "presence"; data: PresenceEvent };

const SocketId = z.string().regex(/^\d{1,20}\.\d{1,20}$/);

/** A socket signs in before it may listen to its account's channel. The answer goes to the server that holds the socket as it is. */
export const SignInSocket = z.object({ socketId: SocketId });
/** `channelAuth` is for the account's own channel: every socket wants it next. */
export const SocketSignIn = z.object({ auth: z.string(), userData: z.string(), channelAuth: z.string() });

export const AuthorizeChannel = z.object({ socketId: SocketId, channel: z.string().max(200) });
export const ChannelAuthorization = z.object({ auth: z.string() });
