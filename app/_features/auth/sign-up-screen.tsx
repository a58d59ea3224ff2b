"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { CenteredPage, PhaseGate, useAccount } from "../shell";
import { RegistrationClosed } from "./registration-closed";
import { SignUpForm } from "./sign-up-form";
import { useSignUp } from "./use-sign-up";

/** Creating an account; the recovery key follows on its own page. */
export function SignUpScreen() {
  const t = useTranslations("auth");
  const account = useAccount();
  const router = useRouter();
  const signUp = useSignUp();
  const made = signUp.done && account.phase === "ready";
  useEffect(() => {
    if (made) router.replace("/recovery-key");
  }, [made, router]);

  const server = account.phase === "signed_out" ? account.server : null;
  const closed = server?.registration === "closed" && !server.firstAccount;
  const form = (
    <CenteredPage foot={t("noPhone")}>{closed ? <RegistrationClosed /> : <SignUpForm signUp={signUp} server={server} />}</CenteredPage>
  );
  return (
    <PhaseGate area="sign-up" early={form} hold={signUp.busy || signUp.done}>
      {form}
    </PhaseGate>
  );
}
