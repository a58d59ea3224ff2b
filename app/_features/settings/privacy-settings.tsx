"use client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Privacy } from "@/server/contract/presence";
import { Spinner } from "../../_ui/spinner";
import { Switch } from "../../_ui/switch";
import { FormFailure } from "../auth";
import { useEngine, useFailureText, useView } from "../shell";
import { SettingsGroup, SettingsPage } from "./settings-page";

const SHARED = ["sharesPresence", "sharesTyping"] as const satisfies (keyof Privacy)[];

/** What people in one's chats see. The server keeps it, so that it holds on every device. */
export function PrivacySettings() {
  const t = useTranslations("settings");
  const { privacy, change, problem } = usePrivacy();
  return (
    <SettingsPage title={t("privacy")}>
      <FormFailure text={problem} />
      {!privacy && <Spinner className="justify-self-center text-accent" />}
      {privacy && (
        <SettingsGroup title={t("whatOthersSee")}>
          <div className="card">
            {SHARED.map((name) => (
              <div key={name} className="card-row">
                <span className="grow">
                  {t(name)}
                  <span className="detail">{t(`${name}Hint`)}</span>
                </span>
                <Switch label={t(name)} on={privacy[name]} onChange={(on) => change({ [name]: on })} />
              </div>
            ))}
          </div>
        </SettingsGroup>
      )}
      <p className="px-1 text-13 text-pretty text-muted">{t("privacyNote")}</p>
    </SettingsPage>
  );
}

/** A switch moves at once; where the server does not take it, it goes back and the reason is told. */
function usePrivacy() {
  const engine = useEngine();
  const failureText = useFailureText();
  const stored = useView("privacy", {});
  const [wanted, setWanted] = useState<Partial<Privacy>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (next: Partial<Privacy>) => {
    setWanted((before) => ({ ...before, ...next }));
    const outcome = await engine.setPrivacy(next);
    setProblem(outcome.ok ? null : failureText(outcome));
    // Unless the switch was moved again meanwhile.
    setWanted((now) => Object.fromEntries(Object.entries(now).filter(([name, on]) => next[name as keyof Privacy] !== on)));
  };
  return { privacy: stored && { ...stored, ...wanted }, change: (next: Partial<Privacy>) => void change(next), problem };
}
