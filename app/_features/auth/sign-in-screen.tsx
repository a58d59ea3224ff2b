"use client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { buttonClass } from "../../_ui/button-class";
import { PasswordField } from "../../_ui/password-field";
import { TextField } from "../../_ui/text-field";
import { CenteredPage, PageLink, PhaseGate, useAccount, useEngine, useFailureText, useServerName } from "../shell";
import { FormFailure } from "./form-failure";
import { type Problems, useForm } from "./use-form";

type Field = "username" | "password";

/** Signing in; where the sign-in only ended, the password alone. */
export function SignInScreen() {
  const t = useTranslations("auth");
  const account = useAccount();
  const known = account.phase === "sign_in_again" ? account.username : null;
  const screen = (
    <CenteredPage foot={t("noPhone")}>
      <SignInForm known={known} />
    </CenteredPage>
  );
  return (
    <PhaseGate area="sign-in" early={screen}>
      {screen}
    </PhaseGate>
  );
}

function useSignIn(known: string | null) {
  const t = useTranslations("auth");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<Field>();
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const username = known ?? typed;

  const send = async (): Promise<Problems<Field> | null> => {
    if (!username || !password)
      return { fields: { username: username ? undefined : t("usernameMissing"), password: password ? undefined : t("passwordMissing") } };
    const outcome = await engine.signIn({ username: username.trim().toLowerCase(), password });
    if (outcome.ok) return null; // the account's new phase leads away from here
    if (outcome.code === "unauthorized" || outcome.code === "bad_request" || outcome.code === "not_found")
      return { fields: { password: t(known ? "wrongPassword" : "wrongNameOrPassword") } };
    return { form: failureText(outcome) };
  };
  return { form, username, setTyped, password, setPassword, submit: form.submit(send) };
}

function SignInForm({ known }: { known: string | null }) {
  const t = useTranslations("auth");
  const { form, username, setTyped, password, setPassword, submit } = useSignIn(known);
  return (
    <form className="sheet" aria-label={t("signIn")} ref={form.ref} onSubmit={submit} noValidate>
      <SignInIntroduction known={known} />
      {/* A password manager looks for the name, too, so the field stays when the name is known. */}
      <TextField
        label={t("username")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        dir="ltr"
        required
        readOnly={known !== null}
        value={username}
        onChange={(event) => {
          setTyped(event.target.value);
          form.clear("username");
        }}
        error={form.errors.username}
      />
      <PasswordField
        label={t("password")}
        name="password"
        showLabel={t("showPassword")}
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
      <Button type="submit" kind="primary" wide busy={form.busy}>
        {t("signIn")}
      </Button>
      <SignInOtherWay known={known} />
    </form>
  );
}

function SignInIntroduction({ known }: { known: string | null }) {
  const t = useTranslations("auth");
  const server = useServerName();
  return (
    <div>
      <h1>{t(known ? "signInAgainTitle" : "signInTitle")}</h1>
      <p className="lede">
        {known ? t("signInAgainWhy") : server ? t.rich("signInTo", { server, b: (chunk) => <b>{chunk}</b> }) : t("lockedFirst")}
      </p>
    </div>
  );
}

function SignInOtherWay({ known }: { known: string | null }) {
  const t = useTranslations("auth");
  if (known)
    return (
      <PageLink href="/" className={buttonClass({ kind: "quiet", wide: true })}>
        {t("backToChats")}
      </PageLink>
    );
  return (
    <>
      <div className="ruled">{t("newHere")}</div>
      <PageLink href="/sign-up" className={buttonClass({ wide: true })}>
        {t("createAccount")}
      </PageLink>
    </>
  );
}
