"use client";
import { useTranslations } from "use-intl";

/** How far onboarding is. */
export function StepBar({ step, of }: { step: number; of: number }) {
  const t = useTranslations("recovery");
  return (
    <div className="steps" role="img" aria-label={t("step", { step, of })}>
      {Array.from({ length: of }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a bar has no other identity than its place
        <i key={index} data-on={index < step || undefined} />
      ))}
    </div>
  );
}
