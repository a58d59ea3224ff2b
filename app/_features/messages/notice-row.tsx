"use client";
import { Lock, MonitorSmartphone, ShieldAlert, ShieldCheck, TriangleAlert } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { MessageView, NoticeKind } from "@/engine";

export type NoticeRowProps = { message: MessageView; onCheck: () => void; onHow: () => void };

const ICONS = {
  encryption: Lock,
  key_rotated: ShieldCheck,
  key_changed: ShieldAlert,
  device_added: MonitorSmartphone,
  device_removed: MonitorSmartphone,
  gap: TriangleAlert,
  audience_differs: TriangleAlert,
} satisfies Record<NoticeKind, unknown>;

/** A grey line in the log: something happened in this chat that nobody wrote. */
export const NoticeRow = memo(function NoticeRow({ message, onCheck, onHow }: NoticeRowProps) {
  const words = useNoticeWords(message, onCheck, onHow);
  if (message.body.kind !== "notice") return null;
  const { notice } = message.body;
  const Icon = ICONS[notice];
  return (
    <p className={notice === "encryption" ? "log-note log-note-card" : "log-note"} data-row={message.messageId}>
      <Icon className="icon icon-14" aria-hidden="true" />
      {words}
    </p>
  );
});

function useNoticeWords({ body, own, senderName }: MessageView, onCheck: () => void, onHow: () => void): ReactNode {
  const t = useTranslations("messages");
  if (body.kind !== "notice") return null;
  const name = body.subject ?? senderName;
  const button = (words: string, onClick: () => void) => () => (
    <button type="button" className="text-button" onClick={onClick}>
      {words}
    </button>
  );
  const check = button(t("checkIt"), onCheck);
  switch (body.notice) {
    case "encryption":
      return t.rich("noticeEncryption", { how: button(t("howItWorks"), onHow) });
    case "key_changed":
      return t.rich("noticeKeyChanged", { name, check });
    case "key_rotated":
      return own ? t("noticeKeyRotatedOwn") : t.rich("noticeKeyRotated", { name, check });
    case "device_added":
      return own ? t("noticeDeviceAddedOwn") : t("noticeDeviceAdded", { name });
    case "device_removed":
      return own ? t("noticeDeviceRemovedOwn") : t("noticeDeviceRemoved", { name });
    case "gap":
      return t("noticeGap");
    case "audience_differs":
      return t("noticeAudienceDiffers", { name });
  }
}
