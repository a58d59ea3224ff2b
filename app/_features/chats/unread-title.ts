import type { ChatListItem } from "@/engine";

/** Takes all chats; returns how many have unread messages: the number in the title, on the rail and on the app's icon. */
export function countUnreadChats(chats: readonly Pick<ChatListItem, "unread">[]): number {
  return chats.filter((chat) => chat.unread > 0).length;
}

/** Takes a page's title and that number; returns "(3) Parley", or the plain title for 0. A number that is there already is replaced. */
export function titleWithCount(title: string, unreadChats: number): string {
  const plain = title.replace(/^\(\d+\) /, "");
  return unreadChats > 0 ? `(${unreadChats}) ${plain}` : plain;
}
