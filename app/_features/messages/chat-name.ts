"use client";
import { useCallback } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";

/** What a chat is called on screen: its title; the chat with oneself has its own name. */
export function useChatName(): (chat: Pick<ChatListItem, "self" | "title">) => string {
  const t = useTranslations("messages");
  return useCallback((chat) => (chat.self ? t("noteToSelf") : chat.title), [t]);
}
