"use client";
import { useTranslations } from "use-intl";
import type { ServerInfo } from "@/server/contract/accounts";
import { Button } from "../../_ui/button";
import { buttonClass } from "../../_ui/button-class";
import { TextField } from "../../_ui/text-field";
import { PageLink, useServerName } from "../shell";
import { FormFailure } from "./form-failure";
import { NewPasswordField } from "./new-password-field";
import type { SignUp } from "./use-sign-up";
import { usernameProblem } from "./username-rules";

/** User name, password, and an invitation where the server wants one (or the address brought one). */
export function SignUpForm({ signUp, server }: { signUp: SignUp; server: ServerInfo | null }) {
  const t = useTranslations("auth");
  const { form, values, set, strength, submit, busy, done } = signUp;
  const asksInvite = Boolean(values.invite) || (server?.registration === "invite" && !server.firstAccount);
  return (
    <form className="sheet" aria-label={t("createAccount")} ref={form.ref} onSubmit={submit} noValidate>
      <SignUpIntroduction first={server?.firstAccount ?? false} />
      <TextField
        label={t("username")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        dir="ltr"
        required
        maxLength={32}
        value={values.username}
        onChange={(event) => set("username", event.target.value.toLowerCase())}
        error={form.errors.username}
        hint={<UsernameHint username={values.username} />}
      />
      <NewPasswordField
        label={t("password")}
        value={values.password}
        strength={strength}
        error={form.errors.password}
        onChange={(password) => set("password", password)}
      />
      {asksInvite && (
        <TextField
          label={t("invite")}
          name="invite"
          autoComplete="off"
          spellCheck={false}
          dir="ltr"
          value={values.invite}
          onChange={(event) => set("invite", event.target.value)}
          error={form.errors.invite}
          hint={t("inviteHint")}
        />
      )}
      <FormFailure text={form.failure} />
      <Button type="submit" kind="primary" wide busy={busy || done}>
        {t("createAccount")}
      </Button>
      <div className="ruled">{t("alreadyHere")}</div>
      <PageLink href="/sign-in" className={buttonClass({ wide: true })}>
        {t("signIn")}
      </PageLink>
    </form>
  );
}

function SignUpIntroduction({ first }: { first: boolean }) {
  const t = useTranslations("auth");
  const server = useServerName();
  return (
    <div>
      <h1>{t("createTitle")}</h1>
      <p className="lede">
        {first ? t("firstAccount") : server ? t.rich("onServer", { server, b: (chunk) => <b>{chunk}</b> }) : t("lockedFirst")}
      </p>
    </div>
  );
}

function UsernameHint({ username }: { username: string }) {
  const t = useTranslations("auth");
  const problem = username === "" ? null : usernameProblem(username);
  if (problem) return t(problem);
  return t(username === "" ? "usernameRule" : "usernameFine", { username });
}
