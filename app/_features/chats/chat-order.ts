/** Which chats the list shows and in which order. */
import type { ChatListItem } from "@/engine";

export type ChatFilter = "all" | "unread" | "groups";

/** Takes chats in the order of their activity and the order on screen while it is held; returns them in the held order, those that came since at the end. */
export function holdOrder(chats: readonly ChatListItem[], heldIds: readonly string[]): ChatListItem[] {
  const place = new Map(heldIds.map((id, index) => [id, index]));
  const placeOf = (chat: ChatListItem) => place.get(chat.chatId) ?? heldIds.length;
  return [...chats].sort((a, b) => placeOf(a) - placeOf(b));
}

/**
 * Takes chats, the filter, what was typed into the search box and the open chat. Returns those that match: names contain every typed word,
 * without regard to case and accents. The open chat stays under "unread" after it was read, so that its row does not vanish when clicked.
 */
export function filterChats(
  chats: readonly ChatListItem[],
  {
    filter,
    search,
    openChatId,
    nameOf,
  }: { filter: ChatFilter; search: string; openChatId: string | null; nameOf: (chat: ChatListItem) => string },
): ChatListItem[] {
  const words = searchable(search).split(/\s+/u).filter(Boolean);
  return chats.filter((chat) => {
    if (filter === "unread" && chat.unread === 0 && chat.chatId !== openChatId) return false;
    if (filter === "groups" && chat.type !== "group") return false;
    const name = searchable(nameOf(chat));
    return words.every((word) => name.includes(word));
  });
}

/** Takes chats in the order on screen and the open one; returns the id to go to: `step` 1 is down, -1 is up. Undefined at the ends. */
export function neighbour(
  chats: readonly Pick<ChatListItem, "chatId">[],
  openChatId: string | null,
  step: 1 | -1,
): ChatListItem["chatId"] | undefined {
  const index = chats.findIndex((chat) => chat.chatId === openChatId);
  if (index < 0) return step === 1 ? chats[0]?.chatId : undefined;
  return chats[index + step]?.chatId;
}

const MARKS = /\p{Mark}/gu;

function searchable(text: string): string {
  return text.normalize("NFKD").replace(MARKS, "").toLowerCase();
}
