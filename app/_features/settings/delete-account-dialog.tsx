"use client";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Callout } from "../../_ui/callout";
import { Dialog } from "../../_ui/dialog";
import { PasswordField } from "../../_ui/password-field";
import { TextField } from "../../_ui/text-field";
import { FormFailure, useForm } from "../auth";
import { useEngine, useFailureText } from "../shell";

const FORM_ID = "delete-account";

function useDeleteAccount(username: string) {
  const t = useTranslations("settings");
  const auth = useTranslations("auth");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<"username" | "password">();
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const remove = async () => {
    const rightName = typed.trim().toLowerCase() === username;
    if (!rightName || !password)
      return {
        fields: {
          username: rightName ? undefined : t("typeUsername", { username }),
          password: password ? undefined : auth("passwordMissing"),
        },
      };
    const outcome = await engine.deleteAccount({ password });
    if (outcome.ok) return null;
    return outcome.code === "unauthorized" ? { fields: { password: auth("wrongPassword") } } : { form: failureText(outcome) };
  };
  return { form, typed, setTyped, password, setPassword, submit: form.submit(remove) };
}

/** Deletes the account after its name was typed and the password given. */
export function DeleteAccountDialog({ username, onClose }: { username: string; onClose: () => void }) {
  const t = useTranslations("settings");
  const auth = useTranslations("auth");
  const shell = useTranslations("shell");
  const { form, typed, setTyped, password, setPassword, submit } = useDeleteAccount(username);
  const foot = (
    <>
      <Button onClick={onClose}>{shell("cancel")}</Button>
      <Button type="submit" form={FORM_ID} kind="danger" busy={form.busy}>
        {t("deleteAccountButton")}
      </Button>
    </>
  );
  return (
    <Dialog title={t("deleteAccountTitle")} role="alertdialog" onClose={onClose} foot={foot}>
      <form id={FORM_ID} className="grid gap-4" ref={form.ref} onSubmit={submit} noValidate>
        <Callout kind="warn" icon={<TriangleAlert className="icon" aria-hidden="true" />}>
          {t("deleteAccountWarning")}
        </Callout>
        <TextField
          label={t("typeUsername", { username })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          dir="ltr"
          value={typed}
          error={form.errors.username}
          onChange={(event) => {
            setTyped(event.target.value);
            form.clear("username");
          }}
        />
        <PasswordField
          label={auth("password")}
          showLabel={auth("showPassword")}
          autoComplete="current-password"
          value={password}
          error={form.errors.password}
          onChange={(event) => {
            setPassword(event.target.value);
            form.clear("password");
          }}
        />
        <FormFailure text={form.failure} />
      </form>
    </Dialog>
  );
}
