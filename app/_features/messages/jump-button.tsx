"use client";
import { ArrowDown } from "lucide-react";
import type { RefObject } from "react";
import { useTranslations } from "use-intl";
import { Badge } from "../../_ui/badge";

/** Floats over the log's end while the log is not there, and counts what came meanwhile. */
export function JumpButton({ log, count, onPress }: { log: RefObject<HTMLElement | null>; count: number; onPress: () => void }) {
  const t = useTranslations("messages");
  return (
    <div className="jump-anchor">
      <button
        type="button"
        className="jump-button"
        aria-label={count > 0 ? t("jumpToNew", { count }) : t("jumpToLatest")}
        onClick={() => {
          // The button goes away at the end of the log: focus goes where it went.
          log.current?.focus({ preventScroll: true });
          onPress();
        }}
      >
        <ArrowDown className="icon" aria-hidden="true" />
        {count > 0 && <Badge count={count} />}
      </button>
    </div>
  );
}
