"use client";
/** Signed in, but this browser has no keys: give it keys, with the recovery key or by starting over. */
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Spinner } from "../../_ui/spinner";
import { CenteredPage, PhaseGate, RecoveryWords, useAccount, useEngine } from "../shell";
import { ResetKeysForm } from "./reset-keys-form";
import { RestoreForm } from "./restore-form";

export function RestoreScreen() {
  return (
    <RecoveryWords>
      <Restore />
    </RecoveryWords>
  );
}

function Restore() {
  const t = useTranslations("recovery");
  const account = useAccount();
  const router = useRouter();
  const [done, setDone] = useState(false);
  const made = done && account.phase === "ready";
  useEffect(() => {
    if (made) router.replace("/recovery-key");
  }, [made, router]);
  const waiting = (
    <CenteredPage>
      <div className="sheet justify-items-center" role="status" aria-label={t("keysLoading")}>
        <Spinner className="text-accent" />
      </div>
    </CenteredPage>
  );
  return (
    <PhaseGate area="restore" early={waiting} hold={done}>
      {done ? waiting : <RestoreChoices onDone={() => setDone(true)} />}
    </PhaseGate>
  );
}

function RestoreChoices({ onDone }: { onDone: () => void }) {
  const t = useTranslations("recovery");
  const account = useAccount();
  const engine = useEngine();
  const [startingOver, setStartingOver] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const signOut = async () => {
    setLeaving(true);
    await engine.signOut({});
    setLeaving(false);
  };
  return (
    <CenteredPage>
      <div className="sheet">
        <div>
          <h1>{t("noKeysTitle")}</h1>
          <p className="lede">{t("noKeysWhy", { username: account.phase === "needs_keys" ? account.username : "" })}</p>
        </div>
        {startingOver ? <ResetKeysForm onDone={onDone} onBack={() => setStartingOver(false)} /> : <RestoreForm onDone={onDone} />}
        {!startingOver && (
          <>
            <div className="ruled">{t("noRecoveryKey")}</div>
            <div className="button-row">
              <Button onClick={() => setStartingOver(true)}>{t("startOver")}</Button>
              <Button busy={leaving} onClick={signOut}>
                {t("signOut")}
              </Button>
            </div>
          </>
        )}
      </div>
    </CenteredPage>
  );
}
