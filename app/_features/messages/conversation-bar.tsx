"use client";
import { ArrowLeft, NotebookPen, ShieldCheck } from "lucide-react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";
import { Avatar } from "../../_ui/avatar";
import { IconButton } from "../../_ui/icon-button";

export type ConversationBarProps = { chat: ChatListItem; name: string; backKeys: string; onBack: () => void; onVerify: () => void };

/** Who this chat is with. It says nothing about presence, which is not known. */
export function ConversationBar({ chat, name, backKeys, onBack, onVerify }: ConversationBarProps) {
  const t = useTranslations("messages");
  return (
    <div className="main-head chat-bar">
      <IconButton label={t("backToChats")} className="back" aria-keyshortcuts={backKeys} onClick={onBack}>
        <ArrowLeft className="icon flip" aria-hidden="true" />
      </IconButton>
      <Avatar
        name={name}
        seed={chat.chatId}
        group={chat.type === "group"}
        icon={chat.self ? <NotebookPen className="icon" aria-hidden="true" /> : undefined}
      />
      <div className="grow">
        <div className="title">
          <h2 className="cut" dir="auto">
            {name}
          </h2>
          {chat.keyState === "verified" && <ShieldCheck className="verified-mark" aria-hidden="true" />}
        </div>
        {chat.keyState !== "unverified" && (
          <span className="subtitle cut" data-warn={chat.keyState === "changed" || undefined}>
            {t(chat.keyState === "verified" ? "verified" : "keyChanged")}
          </span>
        )}
      </div>
      {!chat.self && (
        <IconButton label={t("verifySafetyNumber")} onClick={onVerify}>
          <ShieldCheck className="icon" aria-hidden="true" />
        </IconButton>
      )}
    </div>
  );
}
