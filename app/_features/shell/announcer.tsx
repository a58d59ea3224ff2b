"use client";
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
/** The one place that speaks to screen readers on its own: status "Announcements". */
import { useTranslations } from "use-intl";

/** Says `text` once, politely, after what is being read. The same text again is read again. */
export type Announce = (text: string) => void;
const AnnounceContext = createContext<Announce>(() => {});

export function AnnouncementsProvider({ children }: { children: ReactNode }) {
  const t = useTranslations("shell");
  const [spoken, setSpoken] = useState({ text: "", turn: 0 });
  const turn = useRef(0);
  const announce = useCallback((text: string) => setSpoken({ text, turn: ++turn.current }), []);
  return (
    <AnnounceContext value={announce}>
      {children}
      <div role="status" aria-label={t("announcements")} className="sr-only">
        {spoken.text && <p key={spoken.turn}>{spoken.text}</p>}
      </div>
    </AnnounceContext>
  );
}

/** The function that announces; it never changes. */
export function useAnnounce(): Announce {
  return useContext(AnnounceContext);
}
