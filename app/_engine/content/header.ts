/** The first half of every content: who says it, where, and in which order. It is compared with the entry that it came in before
 *  anything is stored, because only the sender's device could have written it and only the server could have moved it. */
import { z } from "zod";
import { TimeMs, uuidToBytes } from "@/server/contract/encodings";
import type { ChatId, DeviceId, MessageId, UserId } from "@/server/contract/ids";
import type { CborValue } from "@/server/contract/statements/cbor";
import { bytesField, chatIdField, deviceIdField, HASH_BYTES, messageIdField, userIdField } from "@/server/contract/statements/fields";
import { mayTravel, type Place } from "./kinds";

export type Header = {
  chatId: ChatId;
  messageId: MessageId;
  senderUserId: UserId;
  senderDeviceId: DeviceId;
  /** A ContentKind, or one that only a newer version knows. */
  kind: string;
  /** audienceHash of the audience that the sender encrypted to. */
  audienceHash: Uint8Array;
  /** Groups: the head of the control chain as the sender knows it. */
  chainHead?: Uint8Array;
  /** The head of the server's key log as the sender knows it. */
  keyLogHead?: Uint8Array;
  /** Disappears that long after it was read. */
  expiresAfterS?: number;
  /** 1, 2, 3 … per sending device and chat; the same for the same message, however often it is encrypted. */
  counter: number;
  /** By the sender's clock. */
  sentAtMs: number;
};

const KIND_PATTERN = /^[a-z][a-z-]{0,31}$/;

/** The header in CBOR form. Unknown keys are left out here; decodeContent sees that they are there. */
export const WireHeader = z.object({
  chatId: chatIdField,
  messageId: messageIdField,
  senderUserId: userIdField,
  senderDeviceId: deviceIdField,
  kind: z.string().regex(KIND_PATTERN),
  audienceHash: bytesField(HASH_BYTES),
  chainHead: bytesField(HASH_BYTES).exactOptional(),
  keyLogHead: bytesField(HASH_BYTES).exactOptional(),
  expiresAfterS: z.int().min(1).exactOptional(),
  counter: z.int().min(1),
  sentAtMs: TimeMs,
});

export const HEADER_KEYS: ReadonlySet<string> = new Set(Object.keys(WireHeader.shape));

/** The header as a CBOR map. Throws RangeError on ids that are no UUID text, ZodError on a field out of its bounds. */
export function headerToCbor(header: Header): CborValue {
  const { chainHead, keyLogHead, expiresAfterS, ...always } = header;
  const wire = {
    ...always,
    chatId: uuidToBytes(header.chatId),
    messageId: uuidToBytes(header.messageId),
    senderUserId: uuidToBytes(header.senderUserId),
    senderDeviceId: uuidToBytes(header.senderDeviceId),
    ...(chainHead && { chainHead }),
    ...(keyLogHead && { keyLogHead }),
    ...(expiresAfterS !== undefined && { expiresAfterS }),
  };
  WireHeader.parse(wire);
  return wire;
}

/** What the entry says, and where in it the content was found. The sender is the device whose session or sender key opened it. */
export type ExpectedHeader = Place & Pick<Header, "chatId" | "messageId" | "senderUserId" | "senderDeviceId">;

type HeaderFault = "wrong_chat" | "wrong_message" | "wrong_sender" | "wrong_device" | "wrong_path";
export type HeaderCheck = { ok: true } | { ok: false; reason: HeaderFault };

/** Compares a header with its entry. Not ok: nothing of the entry may be stored, the ratchet's step included.
 *  The audience hash is not looked at: a difference there is a question to the other device, no reason to drop its message. */
export function checkHeader(header: Header, expected: ExpectedHeader): HeaderCheck {
  if (header.chatId !== expected.chatId) return { ok: false, reason: "wrong_chat" };
  if (header.messageId !== expected.messageId) return { ok: false, reason: "wrong_message" };
  if (header.senderUserId !== expected.senderUserId) return { ok: false, reason: "wrong_sender" };
  if (header.senderDeviceId !== expected.senderDeviceId) return { ok: false, reason: "wrong_device" };
  return mayTravel(header.kind, expected) ? { ok: true } : { ok: false, reason: "wrong_path" };
}
