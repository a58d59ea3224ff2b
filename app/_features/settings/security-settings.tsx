"use client";
import { CircleCheck, KeyRound } from "lucide-react";
import { useTranslations } from "use-intl";
import { buttonClass } from "../../_ui/button-class";
import { PageLink, useAccount } from "../shell";
import { SettingsGroup, SettingsPage } from "./settings-page";

const SEEN = ["seenNames", "seenChats", "seenTimes", "seenReceipts", "seenPresence", "seenAddresses"] as const;
const UNSEEN = ["unseenMessages", "unseenKeys", "unseenPassword"] as const;

/** The recovery key while it is still here, and what the server can and can't see. */
export function SecuritySettings() {
  const t = useTranslations("settings");
  const account = useAccount();
  const pending = account.phase === "ready" && account.recoveryKeyPending;
  return (
    <SettingsPage title={t("security")}>
      <SettingsGroup title={t("recoveryKey")}>
        <div className="card">
          <div className="card-row">
            {pending ? <KeyRound className="icon" aria-hidden="true" /> : <CircleCheck className="icon" aria-hidden="true" />}
            <span className="grow">
              {t(pending ? "recoveryKeyPending" : "recoveryKeySaved")}
              <span className="detail">{t(pending ? "recoveryKeyPendingHint" : "recoveryKeySavedHint")}</span>
            </span>
            {pending && (
              <PageLink href="/recovery-key" className={buttonClass({ kind: "primary" })}>
                {t("showRecoveryKey")}
              </PageLink>
            )}
          </div>
        </div>
      </SettingsGroup>
      <SettingsGroup title={t("serverCannotSee")}>
        <WordList words={UNSEEN.map((key) => t(key))} />
      </SettingsGroup>
      <SettingsGroup title={t("serverCanSee")}>
        <WordList words={SEEN.map((key) => t(key))} />
      </SettingsGroup>
      <p className="px-1 text-13 text-pretty text-muted">{t("serverServesCode")}</p>
    </SettingsPage>
  );
}

function WordList({ words }: { words: string[] }) {
  return (
    <ul className="card grid list-disc gap-2 py-4 ps-9 pe-5 text-pretty">
      {words.map((word) => (
        <li key={word}>{word}</li>
      ))}
    </ul>
  );
}
