"use client";
import { KeyRound, Lock, Server } from "lucide-react";
import { useTranslations } from "use-intl";
import { Dialog } from "../../_ui/dialog";

/** What the notice at the top of each chat means. */
export function HowItWorksDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("messages");
  const parts = [
    { Icon: Lock, words: t("howLocked") },
    { Icon: Server, words: t("howServer") },
    { Icon: KeyRound, words: t("howVerify") },
  ];
  return (
    <Dialog title={t("howTitle")} closeLabel={t("close")} onClose={onClose}>
      <ul className="grid gap-4 pb-2">
        {parts.map(({ Icon, words }) => (
          <li key={words} className="flex gap-3">
            <Icon className="icon mt-px text-accent" aria-hidden="true" />
            <span className="grow">{words}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
