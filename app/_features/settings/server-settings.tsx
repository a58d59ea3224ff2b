"use client";
import { Download } from "lucide-react";
import { useTranslations } from "use-intl";
import { version } from "../../../package.json";
import { Button } from "../../_ui/button";
import { useConnection, useInstallPrompt, useServerName } from "../shell";
import { SettingsGroup, SettingsPage } from "./settings-page";

/** Which server this is, which version runs here, and installing the app. */
export function ServerSettings() {
  const t = useTranslations("settings");
  const serverName = useServerName();
  const { state } = useConnection();
  return (
    <SettingsPage title={t("server")}>
      <dl className="card">
        <Fact term={t("serverAddress")} value={serverName} />
        <Fact term={t("connection")} value={t(`connection_${state}`)} />
        <Fact term={t("version")} value={version} />
      </dl>
      <Install />
    </SettingsPage>
  );
}

function Fact({ term, value }: { term: string; value: string }) {
  return (
    <div className="card-row">
      <dt className="grow">{term}</dt>
      <dd className="text-muted">
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

function Install() {
  const t = useTranslations("settings");
  const prompt = useInstallPrompt();
  return (
    <SettingsGroup title={t("install")}>
      <div className="card">
        <div className="card-row">
          <span className="grow">
            {t("installParley")}
            <span className="detail">{t(prompt ? "installHint" : "installElsewhere")}</span>
          </span>
          {prompt && (
            <Button kind="primary" onClick={() => prompt.ask()}>
              <Download className="icon" aria-hidden="true" />
              {t("installParley")}
            </Button>
          )}
        </div>
      </div>
    </SettingsGroup>
  );
}
