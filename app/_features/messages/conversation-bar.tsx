"use client";
import { ArrowLeft, NotebookPen, ShieldCheck } from "lucide-react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";
import { Avatar } from "../../_ui/avatar";
import { IconButton } from "../../_ui/icon-button";
import { useStanding } from "./use-standing";

export type ConversationBarProps = { chat: ChatListItem; name: string; backKeys: string; onBack: () => void; onVerify: () => void };

/** Who this chat is with, and how they stand. Not announced: who writes must not be interrupted by it. */
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
        <Subtitle chat={chat} />
      </div>
      {!chat.self && (
        <IconButton label={t("verifySafetyNumber")} onClick={onVerify}>
          <ShieldCheck className="icon" aria-hidden="true" />
        </IconButton>
      )}
    </div>
  );
}

/** A changed key is said before everything else. Where presence takes the line, "Verified" is left to the mark, in words for who can't see it. */
function Subtitle({ chat }: { chat: ChatListItem }) {
  const t = useTranslations("messages");
  const standing = useStanding(chat);
  if (chat.keyState === "changed") {
    return (
      <span className="subtitle cut" data-warn="">
        {t("keyChanged")}
      </span>
    );
  }
  const verified = chat.keyState === "verified";
  if (!standing) return verified && <span className="subtitle cut">{t("verified")}</span>;
  return (
    <>
      {verified && <span className="sr-only">{t("verified")}</span>}
      <span className="subtitle cut" data-live={standing.live || undefined} dir="auto">
        {standing.words}
      </span>
    </>
  );
}
