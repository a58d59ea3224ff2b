"use client";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Callout } from "../../_ui/callout";
import { PasswordField } from "../../_ui/password-field";
import { useEngine, useFailureText } from "../shell";
import { FormFailure } from "./form-failure";
import { useForm } from "./use-form";

/** Makes new keys without the recovery key: says first what is lost, and asks for the password. */
export function ResetKeysForm({ onDone, onBack }: { onDone: () => void; onBack: () => void }) {
  const t = useTranslations("recovery");
  const auth = useTranslations("auth");
  const shell = useTranslations("shell");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<"password">();
  const [password, setPassword] = useState("");
  const reset = async () => {
    if (password === "") return { fields: { password: auth("passwordMissing") } };
    const outcome = await engine.resetKeys({ password });
    if (!outcome.ok)
      return outcome.code === "unauthorized" ? { fields: { password: auth("wrongPassword") } } : { form: failureText(outcome) };
    onDone();
    return null;
  };
  return (
    <form className="grid gap-4" aria-label={t("startOver")} ref={form.ref} onSubmit={form.submit(reset)} noValidate>
      <Callout kind="warn" icon={<TriangleAlert className="icon" aria-hidden="true" />}>
        {t("startOverWarning")}
      </Callout>
      <PasswordField
        label={auth("password")}
        name="password"
        showLabel={auth("showPassword")}
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => {
          setPassword(event.target.value);
          form.clear("password");
        }}
        error={form.errors.password}
      />
      <FormFailure text={form.failure} />
      <div className="button-row">
        <Button onClick={onBack}>{shell("cancel")}</Button>
        <Button type="submit" kind="danger" busy={form.busy}>
          {t("startOver")}
        </Button>
      </div>
    </form>
  );
}
