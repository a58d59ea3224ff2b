"use client";
import { Search, X } from "lucide-react";
import type { Ref } from "react";
import { useTranslations } from "use-intl";
import { directionOfInput } from "../../_ui/direction-of-input";
import { IconButton } from "../../_ui/icon-button";
import { ariaKeys, isMac } from "./shortcuts";

export type SearchFieldProps = { ref: Ref<HTMLInputElement>; value: string; onChange: (value: string) => void };

/** Looks among the chats on this device. Escape empties it. */
export function SearchField({ ref, value, onChange }: SearchFieldProps) {
  const t = useTranslations("chats");
  const mac = isMac(navigator.platform);
  return (
    <search className="list-search" aria-label={t("searchRegion")}>
      <div className="search-box">
        <Search className="icon" aria-hidden="true" />
        <input
          ref={ref}
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          aria-keyshortcuts={ariaKeys("search", mac)}
          autoComplete="off"
          spellCheck={false}
          dir={directionOfInput(value)}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape" || value === "" || event.nativeEvent.isComposing) return;
            event.preventDefault();
            onChange("");
          }}
        />
        {value === "" ? (
          <span className="key-hint" aria-hidden="true">
            {mac ? "⌘ K" : "Ctrl K"}
          </span>
        ) : (
          <IconButton label={t("clearSearch")} onClick={() => onChange("")}>
            <X className="icon" aria-hidden="true" />
          </IconButton>
        )}
      </div>
    </search>
  );
}
