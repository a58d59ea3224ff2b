"use client";
import { ShieldAlert } from "lucide-react";
import type { Ref } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";

export type HeldCardProps = { ref: Ref<HTMLDivElement>; name: string; onCheck: () => void; onSendAnyway: () => void };

/** Stands above the composer while sending is held because the contact's keys changed. */
export function HeldCard({ ref, name, onCheck, onSendAnyway }: HeldCardProps) {
  const t = useTranslations("messages");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset belongs around inputs
    <div ref={ref} className="held-card" role="group" aria-label={t("heldTitle")}>
      <ShieldAlert className="icon" aria-hidden="true" />
      <span className="grow">{t("heldText", { name })}</span>
      <span className="actions">
        <Button kind="primary" small onClick={onCheck}>
          {t("check")}
        </Button>
        <Button kind="secondary" small onClick={onSendAnyway}>
          {t("sendAnyway")}
        </Button>
      </span>
    </div>
  );
}
