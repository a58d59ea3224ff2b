"use client";
import { useEffect } from "react";
import { titleWithCount } from "./unread-title";

/** Shows the number of unread chats in the window's title and, where there is one, on the app's icon. */
export function useUnreadTitle(unreadChats: number): void {
  useEffect(() => {
    document.title = titleWithCount(document.title, unreadChats);
    // The icon's number is a courtesy: where it is refused, the title has it.
    if (unreadChats > 0) void navigator.setAppBadge?.(unreadChats).catch(() => {});
    else void navigator.clearAppBadge?.().catch(() => {});
  }, [unreadChats]);
}
