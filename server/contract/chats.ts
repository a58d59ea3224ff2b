/** Chats and their logs: sending, pulling, acknowledging. */
import { z } from "zod";
import { Username } from "./accounts";
import { Base64, TimeMs } from "./encodings";
import { ERROR_CODES } from "./errors";
import { ChatId, DeviceId, LogId, MessageId, Seq, UserId } from "./ids";
import {
  MAX_ACKNOWLEDGEMENTS,
  MAX_CIPHERTEXT_BYTES,
  MAX_CURSORS_PER_PULL,
  MAX_ENTRIES_PER_SEND,
  MAX_PARTS_PER_ENTRY,
  MAX_WATERMARKS_PER_PULL,
} from "./limits";

export const ChatType = z.enum(["individual", "group"]);
export const EntryKind = z.enum(["message", "control", "manifest", "device"]);
export type EntryKind = z.infer<typeof EntryKind>;
/** Stored as a small number. Never renumber. */
export const ENTRY_KIND_NUMBER = { message: 1, control: 2, manifest: 3, device: 4 } as const satisfies Record<EntryKind, number>;

/** One element of a chat's log as one device sees it. */
export const Entry = z.object({
  seq: Seq,
  messageId: MessageId,
  senderId: UserId,
  senderDeviceId: DeviceId,
  kind: EntryKind,
  sentAtMs: TimeMs,
  /** Clear bytes of a control or manifest entry. */
  statementBase64: z.string().nullable(),
  /** Ciphertext that all devices read (groups). */
  bodyBase64: z.string().nullable(),
  /** Ciphertext for this device. */
  partBase64: z.string().nullable(),
});
export type Entry = z.infer<typeof Entry>;

export const SendEntry = z.object({
  chatId: ChatId,
  messageId: MessageId,
  kind: z.enum(["message", "device"]),
  audienceSeq: Seq,
  sendCounter: z.int().min(1),
  bodyBase64: Base64(MAX_CIPHERTEXT_BYTES, 1).nullable(),
  parts: z.array(z.object({ deviceId: DeviceId, partBase64: Base64(MAX_CIPHERTEXT_BYTES, 1) })).max(MAX_PARTS_PER_ENTRY),
});
export type SendEntry = z.infer<typeof SendEntry>;
export const SendEntries = z.object({ entries: z.array(SendEntry).min(1).max(MAX_ENTRIES_PER_SEND) });

export const SendResult = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("accepted"), messageId: MessageId, seq: Seq, sentAtMs: TimeMs }),
  /** Statements that the sender lacks are in `missing`; every later entry of that chat in the call is refused with it. */
  z.object({ outcome: z.literal("stale_audience"), messageId: MessageId, audienceSeq: Seq, missing: z.array(Entry) }),
  z.object({ outcome: z.literal("refused"), messageId: MessageId, code: z.enum(ERROR_CODES) }),
]);
export type SendResult = z.infer<typeof SendResult>;
export const SentEntries = z.object({ logId: LogId, results: z.array(SendResult) });

export const Cursor = z.object({ chatId: ChatId, seq: Seq, messageId: MessageId.nullable() });
export const Pull = z.object({
  /** Cursors above what this device acknowledged, or at which it stands; others are taken from the server's memory. */
  cursors: z.array(Cursor).max(MAX_CURSORS_PER_PULL),
  /** Chats without news whose watermarks may have risen unheard: those with own entries that the others had not read. */
  watermarksOf: z.array(ChatId).max(MAX_WATERMARKS_PER_PULL).default([]),
});

/** How far a member has got. Only ever grows. */
export const Watermark = z.object({ userId: UserId, deliveredSeq: Seq, readSeq: Seq });
export type Watermark = z.infer<typeof Watermark>;

export const PulledChat = z.object({
  chatId: ChatId,
  /** `diverged`: the cursor is not in this log (server restored). `rewound`: it lies below what was acknowledged (client restored). */
  state: z.enum(["ok", "diverged", "rewound"]),
  lastSeq: Seq,
  floorSeq: Seq,
  audienceSeq: Seq,
  entries: z.array(Entry),
  watermarks: z.array(Watermark),
});
export type PulledChat = z.infer<typeof PulledChat>;
export const Pulled = z.object({
  logId: LogId,
  chats: z.array(PulledChat),
  /** Of the chats that were asked for and are not in `chats`. */
  watermarks: z.array(Watermark.extend({ chatId: ChatId })),
  more: z.boolean(),
});
export type Pulled = z.infer<typeof Pulled>;

export const Acknowledge = z.object({
  logId: LogId,
  /** Stored on this device up to `seq`. */
  delivered: z.array(z.object({ chatId: ChatId, seq: Seq })).max(MAX_ACKNOWLEDGEMENTS),
  /** Seen by the person up to `seq`. */
  read: z.array(z.object({ chatId: ChatId, seq: Seq })).max(MAX_ACKNOWLEDGEMENTS),
});
export const Acknowledged = z.object({ logId: LogId });

export const OpenChat = z.object({ userId: UserId });

/** A chat as the server knows it. The members' names are user names; display names travel encrypted. */
export const ChatInfo = z.object({
  chatId: ChatId,
  type: ChatType,
  createdAtMs: TimeMs,
  lastSeq: Seq,
  floorSeq: Seq,
  audienceSeq: Seq,
  /** Entries up to here came before this device; statements up to here come from `chats.statements`. */
  startSeq: Seq,
  acknowledgedSeq: Seq,
  members: z.array(z.object({ userId: UserId, username: Username, deleted: z.boolean() })),
  watermarks: z.array(Watermark),
});
export type ChatInfo = z.infer<typeof ChatInfo>;
export const ChatList = z.object({ logId: LogId, chats: z.array(ChatInfo) });

export const GetStatements = z.object({ chatId: ChatId, afterSeq: Seq });
export const Statements = z.object({ logId: LogId, entries: z.array(Entry), audienceSeq: Seq });
