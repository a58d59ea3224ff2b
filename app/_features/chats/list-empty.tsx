"use client";
import { MessageCircle, Search } from "lucide-react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { EmptyState } from "../../_ui/empty-state";
import type { ChatFilter } from "./chat-order";

export type ListEmptyProps = { any: boolean; filter: ChatFilter; search: string; onNewChat: () => void; onShowAll: () => void };

/** Why the list shows no chat, and the one thing to do about it. */
export function ListEmpty({ any, filter, search, onNewChat, onShowAll }: ListEmptyProps) {
  const t = useTranslations("chats");
  const bubble = <MessageCircle className="icon" aria-hidden="true" />;
  const newChat = (
    <Button kind="primary" onClick={onNewChat}>
      {t("newChat")}
    </Button>
  );
  if (!any)
    return (
      <EmptyState icon={bubble} title={t("noChatsTitle")} actions={newChat}>
        {t("noChatsText")}
      </EmptyState>
    );
  if (search.trim() !== "")
    return (
      <EmptyState
        icon={<Search className="icon" aria-hidden="true" />}
        title={t("noResultTitle", { search: search.trim() })}
        actions={newChat}
      />
    );
  return (
    <EmptyState
      icon={bubble}
      title={t(filter === "groups" ? "noGroupsTitle" : "noUnreadTitle")}
      actions={<Button onClick={onShowAll}>{t("showAll")}</Button>}
    >
      {filter === "unread" && t("noUnreadText")}
    </EmptyState>
  );
}
