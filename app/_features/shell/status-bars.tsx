"use client";
/** What a person should know about the whole app, as slim bars above it: never a modal, nothing stops working that could work. */
import { CloudOff, HardDriveDownload, KeyRound, LogIn, RefreshCw, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import type { ConnectionView } from "@/engine";
import { useAccount, useConnection } from "./engine-provider";
import { PageLink } from "./navigation";
import { useNow } from "./now";
import { SpokenBar } from "./spoken-bar";
import { UpdateBar } from "./update-bar";

const ICON = { className: "icon icon-16", "aria-hidden": true } as const;
/** A short interruption is not worth a bar. */
const QUIET_MS = 2_000;

/** The state to tell of: online states at once, the others after they lasted a moment. */
function useSettledState(state: ConnectionView["state"]): ConnectionView["state"] {
  const [settled, setSettled] = useState<ConnectionView["state"]>("online");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(state), state === "online" || state === "polling" ? 0 : QUIET_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return settled;
}

export function StatusBars() {
  const t = useTranslations("shell");
  const signedIn = useAccount().phase === "ready";
  return (
    <section className="status-bars" aria-label={t("notices")}>
      {signedIn && <ConnectionBar />}
      <StorageBar />
      <AccountBar />
      <UpdateBar />
    </section>
  );
}

function ConnectionBar() {
  const t = useTranslations("shell");
  const state = useSettledState(useConnection().state);
  switch (state) {
    case "online":
    case "polling":
      return null;
    case "connecting":
      return <SpokenBar kind="info" icon={<RefreshCw {...ICON} />} text={t("reconnecting")} />;
    case "offline":
      return <SpokenBar icon={<WifiOff {...ICON} />} text={t("offline")} />;
    case "unavailable":
      return <SpokenBar icon={<CloudOff {...ICON} />} text={t("serverDown")} />;
  }
}

function StorageBar() {
  const t = useTranslations("shell");
  return useConnection().storageFailed ? <SpokenBar icon={<HardDriveDownload {...ICON} />} text={t("storageFailed")} /> : null;
}

function AccountBar() {
  const t = useTranslations("shell");
  const account = useAccount();
  const now = useNow();
  if (account.phase === "sign_in_again") {
    const action = (
      <PageLink className="text-button" href="/sign-in">
        {t("signInAgain")}
      </PageLink>
    );
    return <SpokenBar icon={<LogIn {...ICON} />} text={t("signedOutHere")} action={action} />;
  }
  if (account.phase !== "ready" || !account.recoveryKeyPending || now < account.remindAtMs) return null;
  const action = (
    <PageLink className="text-button" href="/recovery-key">
      {t("saveRecoveryKey")}
    </PageLink>
  );
  return <SpokenBar icon={<KeyRound {...ICON} />} text={t("recoveryKeyNotSaved")} action={action} />;
}
