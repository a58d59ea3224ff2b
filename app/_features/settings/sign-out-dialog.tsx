"use client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Dialog } from "../../_ui/dialog";
import { FormFailure } from "../auth";
import { useAccount, useEngine, useFailureText } from "../shell";

/** Says what is lost before it signs out. */
export function SignOutDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("settings");
  const shell = useTranslations("shell");
  const engine = useEngine();
  const failureText = useFailureText();
  const account = useAccount();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const signOut = async () => {
    setBusy(true);
    const outcome = await engine.signOut({});
    setBusy(false);
    if (!outcome.ok) setFailure(failureText(outcome));
  };
  const keyUnsaved = account.phase === "ready" && account.recoveryKeyPending;
  const foot = (
    <>
      <Button onClick={onClose}>{shell("cancel")}</Button>
      <Button kind="danger" busy={busy} onClick={signOut}>
        {t("signOut")}
      </Button>
    </>
  );
  return (
    <Dialog title={t("signOutTitle")} role="alertdialog" onClose={onClose} foot={foot}>
      <div className="grid gap-3">
        <p>{t("signOutLoses")}</p>
        <p className={keyUnsaved ? "font-semibold text-danger" : "text-muted"}>{t(keyUnsaved ? "signOutWithoutKey" : "signOutLater")}</p>
        <FormFailure text={failure} />
      </div>
    </Dialog>
  );
}
