"use client";
import { ArrowLeft, Laptop, Lock, LogOut, type LucideIcon, Palette, Server, Shield, Ticket, UserRound } from "lucide-react";
import { usePathname } from "next/navigation";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { Avatar } from "../../_ui/avatar";
import { AppLink, ListPane, useAccount, useFrameWidth, useNavigate } from "../shell";
import { BackButton } from "./back-button";

const SignOutDialog = lazy(async () => ({ default: (await import("./sign-out-dialog")).SignOutDialog }));

type Section = {
  path: string;
  name: "account" | "privacy" | "appearance" | "devices" | "security" | "invites" | "server";
  icon: LucideIcon;
};
const SECTIONS: Section[] = [
  { path: "/settings/account", name: "account", icon: UserRound },
  { path: "/settings/privacy", name: "privacy", icon: Lock },
  { path: "/settings/appearance", name: "appearance", icon: Palette },
  { path: "/settings/sessions", name: "devices", icon: Laptop },
  { path: "/settings/security", name: "security", icon: Shield },
  { path: "/settings/invites", name: "invites", icon: Ticket },
  { path: "/settings/server", name: "server", icon: Server },
];

export function SettingsList() {
  const t = useTranslations("settings");
  const account = useAccount();
  const path = usePathname();
  const width = useFrameWidth();
  const isAdmin = account.phase === "ready" && account.isAdmin;
  const current = path === "/settings" && width !== "phone" ? "/settings/appearance" : path;
  return (
    <ListPane label={t("sections")}>
      <SettingsHead narrow={width !== "desktop"} />
      <div className="scroll px-2 pb-4">
        {"username" in account && (
          <AppLink className="list-row min-h-(--row)" href="/settings/account">
            <Avatar name={account.username} />
            <span className="cut font-semibold" dir="auto">
              {account.username}
            </span>
          </AppLink>
        )}
        <ul className="mt-2 grid gap-0.5">
          {SECTIONS.filter((section) => section.name !== "invites" || isAdmin).map(({ path: href, name, icon: Icon }) => (
            <li key={name}>
              <AppLink className="list-row" href={href} aria-current={current === href ? "page" : undefined}>
                <span className="list-icon">
                  <Icon className="icon" aria-hidden="true" />
                </span>
                <span className="grow">{t(name)}</span>
              </AppLink>
            </li>
          ))}
          <li>
            <SignOutRow />
          </li>
        </ul>
      </div>
    </ListPane>
  );
}

function SettingsHead({ narrow }: { narrow: boolean }) {
  const t = useTranslations("settings");
  const navigate = useNavigate();
  return (
    <div className="list-head">
      {narrow && <BackButton label={t("backToChats")} icon={ArrowLeft} onBack={() => navigate("/")} />}
      <h2 className="grow">{t("title")}</h2>
    </div>
  );
}

function SignOutRow() {
  const t = useTranslations("settings");
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="list-row text-danger!" aria-haspopup="dialog" onClick={() => setAsking(true)}>
        <span className="list-icon text-danger!">
          <LogOut className="icon flip" aria-hidden="true" />
        </span>
        <span className="grow">{t("signOut")}</span>
      </button>
      {asking && (
        <Suspense>
          <SignOutDialog onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}
