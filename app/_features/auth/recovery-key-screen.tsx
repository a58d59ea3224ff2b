"use client";
/** Shows the recovery key while this device still has it, and lets the person say that it is saved. */
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Spinner } from "../../_ui/spinner";
import { CenteredPage, PhaseGate, RecoveryWords, useEngine, useFailureText } from "../shell";
import { FormFailure } from "./form-failure";
import { RecoveryKeyConfirm } from "./recovery-key-confirm";
import { RecoveryKeySave } from "./recovery-key-save";

const DAY_MS = 86_400_000;

export function RecoveryKeyScreen() {
  return (
    <RecoveryWords>
      <PhaseGate area="recovery-key" early={<Waiting />}>
        <RecoveryKeySteps />
      </PhaseGate>
    </RecoveryWords>
  );
}

function Waiting() {
  const t = useTranslations("recovery");
  return (
    <CenteredPage>
      <div className="sheet justify-items-center" role="status" aria-label={t("recoveryKeyLoading")}>
        <Spinner className="text-accent" />
      </div>
    </CenteredPage>
  );
}

/** The key, read once from the engine; undefined while it is asked for, null if this device has it no longer. */
function useRecoveryKey() {
  const engine = useEngine();
  const failureText = useFailureText();
  const [recoveryKey, setRecoveryKey] = useState<string | null | undefined>(undefined);
  const [failure, setFailure] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per visit, in whatever language
  useEffect(() => {
    let current = true;
    void engine.showRecoveryKey({}).then((outcome) => {
      if (!current) return;
      if (outcome.ok) setRecoveryKey(outcome.value.recoveryKey);
      else setFailure(failureText(outcome));
    });
    return () => {
      current = false;
    };
  }, [engine]);
  return { recoveryKey, failure };
}

function RecoveryKeySteps() {
  const engine = useEngine();
  const router = useRouter();
  const { recoveryKey, failure } = useRecoveryKey();
  const [confirming, setConfirming] = useState(false);
  useEffect(() => {
    if (recoveryKey === null) router.replace("/");
  }, [recoveryKey, router]);

  const later = async () => {
    await engine.remindOfRecoveryKey({ atMs: Date.now() + DAY_MS });
    router.replace("/");
  };
  if (failure !== null)
    return (
      <CenteredPage>
        <div className="sheet">
          <FormFailure text={failure} />
        </div>
      </CenteredPage>
    );
  if (!recoveryKey) return <Waiting />;
  return (
    <CenteredPage>
      {confirming ? (
        <RecoveryKeyConfirm recoveryKey={recoveryKey} onBack={() => setConfirming(false)} />
      ) : (
        <RecoveryKeySave recoveryKey={recoveryKey} onSaved={() => setConfirming(true)} onLater={later} />
      )}
    </CenteredPage>
  );
}
