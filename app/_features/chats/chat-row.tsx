"use client";
import { MessageSquareLock, NotebookPen, ShieldAlert, ShieldCheck } from "lucide-react";
import { memo } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem, NoticeKind } from "@/engine";
import { Avatar } from "../../_ui/avatar";
import { Badge } from "../../_ui/badge";
import { Receipt } from "../../_ui/receipt";
import { useTypingWords } from "../messages";
import { AppLink, chatPath, useView } from "../shell";
import { type Preview, previewOf } from "./preview";

export type ChatRowProps = { chat: ChatListItem; name: string; time: string; current: boolean };

/** One chat of the list, inside its `li`. The link's name is its content in reading order: name, unread, preview, time; commas are read, not seen. */
export const ChatRow = memo(function ChatRow({ chat, name, time, current }: ChatRowProps) {
  const t = useTranslations("chats");
  const changed = chat.keyState === "changed";
  return (
    <AppLink
      href={chatPath(chat.chatId)}
      className="chat-row"
      data-chat={chat.chatId}
      data-unread={chat.unread > 0 || undefined}
      aria-current={current ? "page" : undefined}
    >
      <Avatar
        name={name}
        seed={chat.chatId}
        group={chat.type === "group"}
        icon={chat.self ? <NotebookPen className="icon" aria-hidden="true" /> : undefined}
      />
      <span className="name">
        <span className="cut" dir="auto">
          {name}
          <Comma />
        </span>
        {chat.keyState === "verified" && <ShieldCheck className="verified-mark" aria-hidden="true" />}
        {changed && <ShieldAlert className="icon icon-14 key-changed" aria-hidden="true" />}
      </span>
      {chat.unread > 0 && <span className="sr-only">{t("unreadMessages", { count: chat.unread })},</span>}
      <span className="preview">
        {current ? <OpenChatPreview chat={chat} /> : <PreviewLine preview={previewOf(chat)} />}
        {chat.unread > 0 && <Badge count={chat.unread} />}
      </span>
      <time>
        {time}
        {changed && <Comma />}
      </time>
      {changed && <span className="sr-only">{t("keyChanged")}</span>}
    </AppLink>
  );
});

const NOTICES = {
  encryption: "previewEmpty",
  key_changed: "keyChanged",
  key_rotated: "noticeKeyRotated",
  device_added: "noticeDeviceAdded",
  device_removed: "noticeDeviceRemoved",
  gap: "noticeGap",
  audience_differs: "noticeAudienceDiffers",
} as const satisfies Record<NoticeKind, string>;

function Comma() {
  return <span className="spoken">,</span>;
}

/** Who is typing is known of the chat that is on screen, and of no other. */
function OpenChatPreview({ chat }: { chat: ChatListItem }) {
  const typingWords = useTypingWords();
  const typing = useView("presence", { chatId: chat.chatId })?.typing ?? [];
  if (typing.length === 0) return <PreviewLine preview={previewOf(chat)} />;
  return (
    <span className="typing">
      <Words>{typingWords(chat.type, typing)}</Words>
    </span>
  );
}

function PreviewLine({ preview }: { preview: Preview }) {
  const t = useTranslations("chats");
  switch (preview.kind) {
    case "draft":
      return (
        <>
          <span className="draft-mark">{t("draft")}</span>
          <Words>{preview.text}</Words>
        </>
      );
    case "text":
      return (
        <>
          {preview.status && <Receipt status={preview.status} />}
          {preview.sender && (
            <span className="preview-from" dir="auto">
              {t("previewFrom", { sender: preview.sender === "you" ? t("you") : preview.sender })}
            </span>
          )}
          <Words>{preview.text}</Words>
        </>
      );
    case "waiting":
      return (
        <>
          <MessageSquareLock className="icon icon-14" aria-hidden="true" />
          <Words>{t("previewWaiting")}</Words>
        </>
      );
    case "unsupported":
      return <Words>{t("previewUnsupported")}</Words>;
    case "notice":
      return <Words>{t(NOTICES[preview.notice], { name: preview.subject })}</Words>;
    case "empty":
      return <Words>{t("previewEmpty")}</Words>;
  }
}

/** One line, cut at its own end: its direction is found on the element that cuts it. */
function Words({ children }: { children: string }) {
  return (
    <span className="cut" dir="auto">
      {children}
      <Comma />
    </span>
  );
}
