"use client";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { TextField } from "../../_ui/text-field";
import { useEngine, useFailureText } from "../shell";
import { FormFailure } from "./form-failure";
import { isSameGroup, recoveryKeyGroups } from "./recovery-key-groups";
import { StepBar } from "./step-bar";
import { useForm } from "./use-form";

/** Asks for one group of the key, so that a copy that was never made is noticed now. Then the key is deleted from this device. */
export function RecoveryKeyConfirm({ recoveryKey, onBack }: { recoveryKey: string; onBack: () => void }) {
  const t = useTranslations("recovery");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<"group">();
  const groups = recoveryKeyGroups(recoveryKey);
  const [number] = useState(() => 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % groups.length));
  const [typed, setTyped] = useState("");
  const title = useRef<HTMLHeadingElement>(null);
  // The step before is gone with the button that had focus.
  useEffect(() => title.current?.focus(), []);

  const confirm = async () => {
    if (!isSameGroup(typed, groups[number - 1] ?? "")) return { fields: { group: t("wrongGroup", { number }) } };
    const outcome = await engine.confirmRecoveryKey({});
    return outcome.ok ? null : { form: failureText(outcome) };
  };
  return (
    <form className="sheet" aria-labelledby="recovery-key-title" ref={form.ref} onSubmit={form.submit(confirm)} noValidate>
      <StepBar step={3} of={3} />
      <div>
        <h1 id="recovery-key-title" ref={title} tabIndex={-1}>
          {t("confirmTitle")}
        </h1>
        <p className="lede">{t("confirmWhy", { number })}</p>
      </div>
      <TextField
        label={t("groupNumber", { number })}
        name="group"
        autoComplete="off"
        autoCapitalize="characters"
        autoCorrect="off"
        spellCheck={false}
        dir="ltr"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          form.clear("group");
        }}
        error={form.errors.group}
      />
      <FormFailure text={form.failure} />
      <div className="grid gap-1">
        <Button type="submit" kind="primary" wide busy={form.busy}>
          {t("confirm")}
        </Button>
        <Button kind="quiet" wide onClick={onBack}>
          {t("showKeyAgain")}
        </Button>
      </div>
    </form>
  );
}
