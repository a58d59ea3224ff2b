"use client";
import { Copy, Download, KeyRound } from "lucide-react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Callout } from "../../_ui/callout";
import { useAccount, useAnnounce, useServerName } from "../shell";
import { recoveryKeyFile, recoveryKeyGroups } from "./recovery-key-groups";
import { saveTextFile } from "./save-text-file";
import { StepBar } from "./step-bar";
import { useCopy } from "./use-copy";

export type RecoveryKeySaveProps = { recoveryKey: string; onSaved: () => void; onLater: () => void };

/** The key in groups, to copy, save as a file, or write down. */
export function RecoveryKeySave({ recoveryKey, onSaved, onLater }: RecoveryKeySaveProps) {
  const t = useTranslations("recovery");
  const shell = useTranslations("shell");
  const account = useAccount();
  const serverName = useServerName();
  const announce = useAnnounce();
  const { copy, copied } = useCopy();
  const groups = recoveryKeyGroups(recoveryKey);
  const save = () => {
    const username = "username" in account ? account.username : "";
    saveTextFile(`parley-recovery-key-${username}.txt`, recoveryKeyFile(recoveryKey, username, serverName));
    announce(t("fileSaved"));
  };
  return (
    <section className="sheet" aria-labelledby="recovery-key-title">
      <StepBar step={2} of={3} />
      <div>
        <h1 id="recovery-key-title">{t("recoveryKeyTitle")}</h1>
        <p className="lede">{t("recoveryKeyWhy")}</p>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for inputs; these are words to read */}
      <div className="key-box" role="group" aria-label={t("recoveryKey")}>
        {groups.map((group, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: groups may repeat, and never move
          <span key={index}>{group}</span>
        ))}
      </div>
      <div className="button-row">
        <Button onClick={() => copy(groups.join(" "))}>
          <Copy className="icon" aria-hidden="true" />
          {copied ? shell("copied") : shell("copy")}
        </Button>
        <Button onClick={save}>
          <Download className="icon" aria-hidden="true" />
          {t("saveAsFile")}
        </Button>
      </div>
      <Callout kind="warn" icon={<KeyRound className="icon" aria-hidden="true" />}>
        {t("recoveryKeyWarning")}
      </Callout>
      <div className="grid gap-1">
        <Button kind="primary" wide onClick={onSaved}>
          {t("savedIt")}
        </Button>
        <Button kind="quiet" wide onClick={onLater}>
          {t("remindTomorrow")}
        </Button>
      </div>
    </section>
  );
}
