"use client";
import { Check, Copy, ShieldAlert, ShieldCheck } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import type { KeyState } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { Button } from "../../_ui/button";
import { Dialog } from "../../_ui/dialog";
import { useAnnounce, useEngine } from "../shell";
import { digitGroups } from "./digit-groups";

export type SafetyNumberDialogProps = { chatId: ChatId; name: string; onClose: () => void };

type Shown = { state: "loading" } | { state: "failed" } | { state: "known"; digits: string; keyState: KeyState };
type Result = "nowVerified" | "nowUnverified" | "saveFailed" | "copyFailed";

/** The 60 digits that two people compare. What was done stays on screen until the dialog is closed. */
export function SafetyNumberDialog({ chatId, name, onClose }: SafetyNumberDialogProps) {
  const t = useTranslations("contacts");
  const { shown, load, result, copied, copy, verify } = useSafetyNumber(chatId, name);
  const verified = shown.state === "known" && shown.keyState === "verified";
  return (
    <Dialog
      title={t("verifyTitle")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        shown.state === "known" && (
          <div className="safety-foot">
            <Button onClick={copy}>
              {copied ? <Check className="icon" aria-hidden="true" /> : <Copy className="icon" aria-hidden="true" />}
              {t(copied ? "copied" : "copy")}
            </Button>
            <Button kind={verified ? "secondary" : "primary"} onClick={() => verify(!verified)}>
              {!verified && <ShieldCheck className="icon" aria-hidden="true" />}
              {t(verified ? "unverify" : "markVerified")}
            </Button>
          </div>
        )
      }
    >
      <p className="text-muted text-pretty">{t("verifyText", { name })}</p>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset belongs around inputs */}
      <div className="safety-digits" role="group" aria-label={t("numberWith", { name })} aria-busy={shown.state === "loading"}>
        {shown.state === "known" &&
          digitGroups(shown.digits).map((group, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same five digits may come twice, and their order never changes
            <span key={index}>{group}</span>
          ))}
      </div>
      {shown.state === "failed" && (
        <p className="safety-result" role="alert">
          <span className="grow">{t("numberFailed", { name })}</span>
          <button type="button" className="text-button" onClick={load}>
            {t("tryAgain")}
          </button>
        </p>
      )}
      {shown.state === "known" && <ResultLine result={result} keyState={shown.keyState} name={name} />}
    </Dialog>
  );
}

function ResultLine({ result, keyState, name }: { result: Result | null; keyState: KeyState; name: string }) {
  const t = useTranslations("contacts");
  const state = keyState === "verified" ? "isVerified" : keyState === "changed" ? "isChanged" : null;
  const key = result ?? state;
  if (!key) return null;
  const good = key === "nowVerified" || key === "isVerified";
  const Icon = good ? ShieldCheck : ShieldAlert;
  return (
    <p className="safety-result" data-verified={good || undefined} data-warn={key === "isChanged" || undefined}>
      <Icon className="icon icon-16" aria-hidden="true" />
      <span className="grow">{t(key, { name })}</span>
    </p>
  );
}

function useSafetyNumber(chatId: ChatId, name: string) {
  const t = useTranslations("contacts");
  const commands = useEngine();
  const announce = useAnnounce();
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const [result, setResult] = useState<Result | null>(null);
  const [copied, setCopied] = useState(false);

  const load = useCallback(async () => {
    setShown({ state: "loading" });
    const outcome = await commands.safetyNumber({ chatId });
    setShown(outcome.ok ? { state: "known", ...outcome.value } : { state: "failed" });
  }, [commands, chatId]);
  useEffect(() => void load(), [load]);

  const tell = (told: Result) => {
    setResult(told);
    announce(t(told, { name }));
  };
  const verify = async (verified: boolean) => {
    if (shown.state !== "known") return;
    const outcome = await commands.setVerified(verified ? { chatId, verified, digits: shown.digits } : { chatId, verified });
    if (!outcome.ok && outcome.code === "key_changed") {
      setResult(null);
      return load(); // another number than the one that was compared
    }
    if (!outcome.ok) return tell("saveFailed");
    setShown((now) => (now.state === "known" ? { ...now, keyState: verified ? "verified" : "unverified" } : now));
    tell(verified ? "nowVerified" : "nowUnverified");
  };
  const copy = async () => {
    if (shown.state !== "known") return;
    try {
      await navigator.clipboard.writeText(digitGroups(shown.digits).join(" "));
      setCopied(true);
      announce(t("copied"));
    } catch {
      tell("copyFailed");
    }
  };
  return { shown, load: () => void load(), result, copied, copy: () => void copy(), verify: (verified: boolean) => void verify(verified) };
}
