"use client";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useAnnounce } from "../shell";

const SHOWN_MS = 3_000;

/** Copies to the clipboard, says so, and says if the browser did not allow it. `copied` holds for a moment. */
export function useCopy(): { copy: (text: string) => void; copied: boolean } {
  const t = useTranslations("shell");
  const announce = useAnnounce();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
        announce(t("copied"));
      },
      () => announce(t("copyFailed")),
    );
  };
  return { copy, copied };
}
