/** Chat ids prove where a chat comes from: an individual chat's who its members are, a group's who created it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToUuid, uuidToBytes } from "../encodings";
import type { ChatId, UserId } from "../ids";
import { signingInput } from "../signatures";
import { compareBytes } from "./cbor";

const INDIVIDUAL_CHAT_LABEL = "parley individual chat v1";
const GROUP_CHAT_LABEL = "parley group chat v1";

/** The id of the chat of two people, in either order; of a person's own chat when both are the same.
 *  Throws RangeError when a user id is no UUID text. */
export function individualChatId(userIdA: UserId, userIdB: UserId): ChatId {
  const [first, second] = [uuidToBytes(userIdA), uuidToBytes(userIdB)].sort(compareBytes) as [Uint8Array, Uint8Array];
  return bytesToUuid(sha256(signingInput(INDIVIDUAL_CHAT_LABEL, first, second)).subarray(0, 16)) as ChatId;
}

/** Whether these are the members of that individual chat: two people, or one person alone (once or twice). */
export function membersFit(chatId: ChatId, members: readonly UserId[]): boolean {
  const [a, b = a] = members;
  return a !== undefined && b !== undefined && members.length <= 2 && individualChatId(a, b) === chatId;
}

/** The id of a group: of its creator's account key (Ed25519) and the 32 random bytes in its `create`. */
export function groupChatId(creatorAccountKey: Uint8Array, random: Uint8Array): ChatId {
  return bytesToUuid(sha256(signingInput(GROUP_CHAT_LABEL, creatorAccountKey, random)).subarray(0, 16)) as ChatId;
}
