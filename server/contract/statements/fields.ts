/** Fields of statements and content: bytes of a fixed length, and ids, which are 16 bytes there and UUID text everywhere else. */
import { z } from "zod";
import { bytesToUuid } from "../encodings";
import type { ChatId, DeviceId, MessageId, UserId } from "../ids";

export const HASH_BYTES = 32;

/** Exactly `length` bytes. */
export function bytesField(length: number) {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length, `must hold ${length} bytes`);
}

function idField<Id extends string>() {
  return bytesField(16).transform((bytes) => bytesToUuid(bytes) as Id);
}

export const userIdField = idField<UserId>();
export const deviceIdField = idField<DeviceId>();
export const chatIdField = idField<ChatId>();
export const messageIdField = idField<MessageId>();

/** Generations and versions: 1, 2, 3 … as far as a 4-byte column goes. */
export const countField = z.int().min(1).max(0x7fff_ffff);
