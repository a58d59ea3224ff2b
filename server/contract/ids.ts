/** Branded ids: UUID text everywhere. Chat ids are cut from a hash, so the version digits of a UUID are not checked. */
import { z } from "zod";

const uuid = z.guid().toLowerCase();

export const UserId = uuid.brand<"UserId">();
export type UserId = z.infer<typeof UserId>;

export const DeviceId = uuid.brand<"DeviceId">();
export type DeviceId = z.infer<typeof DeviceId>;

export const ChatId = uuid.brand<"ChatId">();
export type ChatId = z.infer<typeof ChatId>;

/** The sending client's UUIDv7; makes retries safe. */
export const MessageId = uuid.brand<"MessageId">();
export type MessageId = z.infer<typeof MessageId>;

/** Changes whenever the server's log may have gone back (restore, promotion): cursors are then checked entry by entry. */
export const LogId = uuid.brand<"LogId">();
export type LogId = z.infer<typeof LogId>;

/** Place of an entry in its chat's log: 1, 2, 3 … */
export const Seq = z.int().min(0);
