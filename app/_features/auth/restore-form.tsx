"use client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { TextField } from "../../_ui/text-field";
import { useEngine, useFailureText } from "../shell";
import { FormFailure } from "./form-failure";
import { useForm } from "./use-form";

/** Gives this browser keys with the recovery key. */
export function RestoreForm({ onDone }: { onDone: () => void }) {
  const t = useTranslations("recovery");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<"recoveryKey">();
  const [recoveryKey, setRecoveryKey] = useState("");
  const restore = async () => {
    if (recoveryKey.trim() === "") return { fields: { recoveryKey: t("recoveryKeyMissing") } };
    const outcome = await engine.restore({ recoveryKey });
    if (!outcome.ok)
      return outcome.code === "wrong_recovery_key" ? { fields: { recoveryKey: failureText(outcome) } } : { form: failureText(outcome) };
    onDone();
    return null;
  };
  return (
    <form className="grid gap-4" aria-label={t("useRecoveryKey")} ref={form.ref} onSubmit={form.submit(restore)} noValidate>
      <TextField
        label={t("recoveryKey")}
        name="recovery-key"
        autoComplete="off"
        autoCapitalize="characters"
        autoCorrect="off"
        spellCheck={false}
        dir="ltr"
        value={recoveryKey}
        onChange={(event) => {
          setRecoveryKey(event.target.value);
          form.clear("recoveryKey");
        }}
        error={form.errors.recoveryKey}
        hint={t("recoveryKeyHint")}
      />
      <FormFailure text={form.failure} />
      <Button type="submit" kind="primary" wide busy={form.busy}>
        {t("useRecoveryKey")}
      </Button>
    </form>
  );
}
