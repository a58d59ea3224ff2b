"use client";
import { MessageCircle, Settings } from "lucide-react";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Avatar } from "../../_ui/avatar";
import { Badge } from "../../_ui/badge";
import { Logo } from "../../_ui/logo";
import { useAccount, useView } from "./engine-provider";
import { AppLink } from "./navigation";

/** Navigation "Main", at the side of a desktop. Narrower windows reach the same places from the lists. */
export function Rail() {
  const t = useTranslations("shell");
  const account = useAccount();
  const unreadChats = useView("chatList", {})?.filter((chat) => chat.unread > 0).length ?? 0;
  const inSettings = usePathname().startsWith("/settings");
  return (
    <nav className="rail" aria-label={t("main")}>
      <Logo className="rail-logo" />
      <RailLink href="/" label={unreadChats ? t("chatsUnread", { count: unreadChats }) : t("chats")} current={!inSettings}>
        <MessageCircle className="icon icon-24" aria-hidden="true" />
        {unreadChats > 0 && <Badge count={unreadChats} />}
      </RailLink>
      <span className="flex-1" />
      <RailLink href="/settings/appearance" label={t("settings")} current={inSettings}>
        <Settings className="icon icon-24" aria-hidden="true" />
      </RailLink>
      {"username" in account && (
        <RailLink href="/settings/account" label={t("yourAccount")} current={false}>
          <Avatar name={account.username} size={32} />
        </RailLink>
      )}
    </nav>
  );
}

type RailLinkProps = { href: string; label: string; current: boolean; children: ReactNode };

function RailLink({ href, label, current, children }: RailLinkProps) {
  return (
    <AppLink className="rail-link" href={href} aria-label={label} title={label} aria-current={current ? "page" : undefined}>
      {children}
    </AppLink>
  );
}
