"use client";
import { useTranslations } from "use-intl";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "@/server/contract/limits";
import { PasswordField } from "../../_ui/password-field";
import type { Strength } from "./password-strength";

export type NewPasswordFieldProps = {
  label: string;
  value: string;
  strength: Strength;
  error?: string | null;
  onChange: (password: string) => void;
};

/** Choosing a password: the rule, and how good this one is, in bars and words. */
export function NewPasswordField({ label, value, strength, error, onChange }: NewPasswordFieldProps) {
  const t = useTranslations("auth");
  const level = value === "" ? "empty" : strength.level;
  return (
    <PasswordField
      label={label}
      name="new-password"
      showLabel={t("showPassword")}
      autoComplete="new-password"
      required
      maxLength={MAX_PASSWORD_LENGTH}
      value={value}
      error={error}
      onChange={(event) => onChange(event.target.value)}
      below={<StrengthMeter level={level} bars={strength.bars} />}
      hint={t(`strength_${level}`, { length: MIN_PASSWORD_LENGTH })}
    />
  );
}

function StrengthMeter({ level, bars }: Pick<Strength, "level" | "bars">) {
  return (
    <div className="strength" data-level={level} aria-hidden="true">
      {[1, 2, 3, 4].map((bar) => (
        <i key={bar} data-on={bar <= bars || undefined} />
      ))}
    </div>
  );
}
