"use client";
import { RefreshCw } from "lucide-react";
import { useTranslations } from "use-intl";
import { useWaitingUpdate } from "./service-worker-provider";
import { SpokenBar } from "./spoken-bar";

/** Offers the new version that waits; it takes over, with a reload, only when the person asks for it. */
export function UpdateBar() {
  const t = useTranslations("shell");
  const update = useWaitingUpdate();
  if (!update) return null;
  const action = (
    <button type="button" className="text-button" onClick={update.apply}>
      {t("update")}
    </button>
  );
  return <SpokenBar kind="info" icon={<RefreshCw className="icon icon-16" aria-hidden="true" />} text={t("updateReady")} action={action} />;
}
