"use client";
import { Lock, MessageCircle, SquarePen } from "lucide-react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { EmptyState } from "../../_ui/empty-state";

/** Beside the list while no chat is open. */
export function NothingSelected({ anyChats, onNewChat }: { anyChats: boolean; onNewChat: () => void }) {
  const t = useTranslations("chats");
  if (!anyChats)
    return (
      <EmptyState icon={<Lock className="icon" aria-hidden="true" />} title={t("firstTitle")}>
        {t("firstText")}
      </EmptyState>
    );
  return (
    <EmptyState
      icon={<MessageCircle className="icon" aria-hidden="true" />}
      title={t("nothingSelectedTitle")}
      actions={
        <Button kind="primary" onClick={onNewChat}>
          <SquarePen className="icon" aria-hidden="true" />
          {t("newChat")}
        </Button>
      }
    >
      {t("nothingSelectedText")}
    </EmptyState>
  );
}
