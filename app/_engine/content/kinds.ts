/** The closed list of what content can be, where each kind may travel, and the body of those that are built. */
import { z } from "zod";
import type { EntryKind } from "@/server/contract/chats";
import { MAX_TEXT_BYTES } from "@/server/contract/limits";
import { isWellFormed } from "@/server/contract/statements/cbor";

/** What people see or do in a chat: the body that all devices read in a group, a part for each device in an individual chat.
 *  Only in `message` entries. */
const CONVERSATION_KINDS = [
  "text",
  "media",
  "edit",
  "delete",
  "reaction",
  "pin",
  "poll",
  "vote",
  "contact",
  "location",
  "timer",
  "void",
] as const;
/** What devices tell each other: always a part for one device, in any chat and in entries of any kind. */
const DEVICE_KINDS = ["welcome", "sender-key", "retry", "resend", "gossip", "profile", "sync", "account-key"] as const;

type ConversationKind = (typeof CONVERSATION_KINDS)[number];
type DeviceKind = (typeof DEVICE_KINDS)[number];
export type ContentKind = ConversationKind | DeviceKind;
export const CONTENT_KINDS: readonly ContentKind[] = [...CONVERSATION_KINDS, ...DEVICE_KINDS];

/** Where a decrypted frame was found. */
export type Place = {
  chatType: "individual" | "group";
  entryKind: EntryKind;
  /** `pairwise`: a part for this device. `shared`: the entry's body. */
  path: "pairwise" | "shared";
};

/** Whether content of this kind may be found there. A kind that this version does not know may be anywhere. */
export function mayTravel(kind: string, { chatType, entryKind, path }: Place): boolean {
  if (isOneOf(DEVICE_KINDS, kind)) return path === "pairwise";
  if (isOneOf(CONVERSATION_KINDS, kind)) return entryKind === "message" && path === (chatType === "group" ? "shared" : "pairwise");
  return true;
}

function isOneOf(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind);
}

/** Text that is not empty, has an exact UTF-8 form (no lone surrogates) and takes at most MAX_TEXT_BYTES in it.
 *  Never normalised, trimmed or otherwise touched. */
const MessageText = z
  .string()
  .min(1)
  .refine(isWellFormed, "must not hold lone surrogates")
  .refine((text) => new TextEncoder().encode(text).length <= MAX_TEXT_BYTES, `must take at most ${MAX_TEXT_BYTES} bytes`);

/** The bodies that this version writes and reads. Strict: what has an unknown key comes from a newer version. */
export const BODY_SCHEMAS = {
  text: z.strictObject({ text: MessageText }),
  /** Spends the counter of a message that was cancelled. */
  void: z.strictObject({}),
} as const satisfies Partial<Record<ContentKind, z.ZodType>>;

export type BuiltKind = keyof typeof BODY_SCHEMAS;
export type Body<Kind extends BuiltKind> = z.infer<(typeof BODY_SCHEMAS)[Kind]>;

export function isBuiltKind(kind: string): kind is BuiltKind {
  return Object.hasOwn(BODY_SCHEMAS, kind);
}
