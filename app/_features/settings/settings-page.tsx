"use client";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { MainPane, useFrameWidth, useNavigate } from "../shell";
import { BackButton } from "./back-button";
import "./settings.css";

/** One screen of settings: a column of cards; on a phone with its own bar and a way back. */
export function SettingsPage({ title, children }: { title: string; children: ReactNode }) {
  const t = useTranslations("settings");
  const navigate = useNavigate();
  const phone = useFrameWidth() === "phone";
  return (
    <MainPane label={title}>
      {phone && (
        <div className="main-head">
          <BackButton label={t("backToSettings")} icon={ArrowLeft} onBack={() => navigate("/settings")} />
          <h2 className="grow">{title}</h2>
        </div>
      )}
      <div className="scroll">
        <div className="settings-column">
          {!phone && <h2>{title}</h2>}
          {children}
        </div>
      </div>
    </MainPane>
  );
}

/** A titled group of cards. */
export function SettingsGroup({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="group-heading">{title}</h3>
      {children}
    </section>
  );
}
