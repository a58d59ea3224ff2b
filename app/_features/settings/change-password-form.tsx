"use client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { PasswordField } from "../../_ui/password-field";
import { Switch } from "../../_ui/switch";
import { FormFailure, NewPasswordField, useForm, usePasswordStrength } from "../auth";
import { useAnnounce, useEngine, useFailureText } from "../shell";

type Field = "current" | "password";

function useChangePassword(username: string) {
  const t = useTranslations("settings");
  const auth = useTranslations("auth");
  const engine = useEngine();
  const announce = useAnnounce();
  const failureText = useFailureText();
  const form = useForm<Field>();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [endOthers, setEndOthers] = useState(true);
  const [changed, setChanged] = useState(false);
  const { strength, judge } = usePasswordStrength(password, [username]);

  const change = async () => {
    setChanged(false);
    const verdict = await judge();
    if (current === "") return { fields: { current: auth("passwordMissing") } };
    if (!verdict.acceptable) return { fields: { password: auth(verdict.level === "weak" ? "passwordWeak" : "passwordShort") } };
    const outcome = await engine.changePassword({ currentPassword: current, newPassword: password, endOtherSessions: endOthers });
    if (!outcome.ok)
      return outcome.code === "unauthorized" ? { fields: { current: auth("wrongPassword") } } : { form: failureText(outcome) };
    setCurrent("");
    setPassword("");
    setChanged(true);
    announce(t("passwordChanged"));
    return null;
  };
  return { form, current, setCurrent, password, setPassword, endOthers, setEndOthers, changed, strength, submit: form.submit(change) };
}

export function ChangePasswordForm({ username }: { username: string }) {
  const t = useTranslations("settings");
  const auth = useTranslations("auth");
  const { form, strength, ...state } = useChangePassword(username);
  return (
    <form className="card grid gap-4 p-5" aria-label={t("changePassword")} ref={form.ref} onSubmit={state.submit} noValidate>
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <PasswordField
        label={t("currentPassword")}
        name="password"
        showLabel={auth("showPassword")}
        autoComplete="current-password"
        value={state.current}
        error={form.errors.current}
        onChange={(event) => {
          state.setCurrent(event.target.value);
          form.clear("current");
        }}
      />
      <NewPasswordField
        label={t("newPassword")}
        value={state.password}
        strength={strength}
        error={form.errors.password}
        onChange={(password) => {
          state.setPassword(password);
          form.clear("password");
        }}
      />
      <div className="flex items-center gap-4">
        <span className="grow">{t("endOtherSessions")}</span>
        <Switch label={t("endOtherSessions")} on={state.endOthers} onChange={state.setEndOthers} />
      </div>
      <FormFailure text={form.failure} />
      {state.changed && <p className="text-13 text-success">{t("passwordChanged")}</p>}
      <div>
        <Button type="submit" kind="primary" busy={form.busy}>
          {t("changePassword")}
        </Button>
      </div>
    </form>
  );
}
