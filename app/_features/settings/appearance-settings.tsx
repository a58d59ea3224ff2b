"use client";
import { type CSSProperties, useId } from "react";
import { useTranslations } from "use-intl";
import { Segments } from "../../_ui/segments";
import { Switch } from "../../_ui/switch";
import { MAX_TEXT_PERCENT, MIN_TEXT_PERCENT, type Preferences, usePreferences } from "../shell";
import { SettingsGroup, SettingsPage } from "./settings-page";

export function AppearanceSettings() {
  const t = useTranslations("settings");
  const { preferences, change } = usePreferences();
  return (
    <SettingsPage title={t("appearance")}>
      <SettingsGroup title={t("theme")}>
        <ThemeCards value={preferences.theme} onChange={(theme) => change({ theme })} />
      </SettingsGroup>
      <SettingsGroup title={t("textAndLayout")}>
        <div className="card">
          <div className="text-sample" aria-hidden="true">
            <p>{t("sampleIn")}</p>
            <p>{t("sampleOut")}</p>
          </div>
          <TextSize percent={preferences.textPercent} onChange={(textPercent) => change({ textPercent })} />
          <div className="card-row">
            <span className="grow">{t("density")}</span>
            <Segments
              label={t("densityLabel")}
              value={preferences.density}
              options={[
                { value: "comfortable", label: t("comfortable") },
                { value: "compact", label: t("compact") },
              ]}
              onChange={(density) => change({ density })}
            />
          </div>
        </div>
      </SettingsGroup>
      <SettingsGroup title={t("writing")}>
        <div className="card">
          <div className="card-row">
            <span className="grow">
              {t("enterSends")}
              <span className="detail">{t("enterSendsHint")}</span>
            </span>
            <Switch label={t("enterSends")} on={preferences.enterSends} onChange={(enterSends) => change({ enterSends })} />
          </div>
        </div>
      </SettingsGroup>
      <SettingsGroup title={t("language")}>
        <div className="card">
          <div className="card-row">
            <span className="grow">{t("languageOfApp")}</span>
            <LanguageChoice value={preferences.language} onChange={(language) => change({ language })} />
          </div>
        </div>
      </SettingsGroup>
    </SettingsPage>
  );
}

const THEMES: Preferences["theme"][] = ["system", "light", "dark"];

function ThemeCards({ value, onChange }: { value: Preferences["theme"]; onChange: (theme: Preferences["theme"]) => void }) {
  const t = useTranslations("settings");
  const name = useId();
  return (
    <fieldset className="theme-cards" aria-label={t("theme")}>
      {THEMES.map((theme) => (
        <label key={theme} className="choice-card theme-card">
          <input type="radio" name={name} value={theme} checked={theme === value} onChange={() => onChange(theme)} />
          <span className="theme-preview" aria-hidden="true">
            <ThemeHalf theme={theme === "dark" ? "dark" : "light"} />
            {theme === "system" && <ThemeHalf theme="dark" />}
          </span>
          <span className="flex items-center gap-2">
            <span className="radio-dot" aria-hidden="true" />
            {t(`theme_${theme}`)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function ThemeHalf({ theme }: { theme: "light" | "dark" }) {
  return (
    <span className="theme-half" data-theme={theme}>
      <span className="theme-list">
        <i />
        <i />
        <i />
      </span>
      <span className="theme-chat">
        <i />
        <i />
        <i />
      </span>
    </span>
  );
}

function TextSize({ percent, onChange }: { percent: number; onChange: (percent: number) => void }) {
  const t = useTranslations("settings");
  const position = ((percent - MIN_TEXT_PERCENT) / (MAX_TEXT_PERCENT - MIN_TEXT_PERCENT)) * 100;
  const shown = t("percent", { percent });
  return (
    <div className="card-row">
      <span className="grow">
        {t("textSize")}
        <span className="detail numbers">{shown}</span>
      </span>
      <span className="flex items-center gap-3">
        <span className="text-[13px] text-muted" aria-hidden="true">
          A
        </span>
        <input
          className="range"
          type="range"
          min={MIN_TEXT_PERCENT}
          max={MAX_TEXT_PERCENT}
          step={5}
          value={percent}
          aria-label={t("textSize")}
          aria-valuetext={shown}
          style={{ "--position": `${position}%` } as CSSProperties}
          onChange={(event) => onChange(Number(event.target.value))}
        />
        <span className="text-[20px] text-muted" aria-hidden="true">
          A
        </span>
      </span>
    </div>
  );
}

type LanguageChoiceProps = { value: Preferences["language"]; onChange: (language: Preferences["language"]) => void };

function LanguageChoice({ value, onChange }: LanguageChoiceProps) {
  const t = useTranslations("settings");
  return (
    <Segments
      label={t("language")}
      value={value}
      options={[
        { value: "system", label: t("languageSystem") },
        { value: "en", label: "English" },
        { value: "ar", label: "العربية" },
      ]}
      onChange={onChange}
    />
  );
}
