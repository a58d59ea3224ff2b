"use client";
/** The frame of the signed-in app: rail, bars, and one screen for the address. */
import { usePathname } from "next/navigation";
import { type ReactNode, Suspense } from "react";
import { useTranslations } from "use-intl";
import { AppWords } from "./app-words";
import { PhaseGate } from "./phase-gate";
import { Rail } from "./rail";
import { Splash } from "./splash";
import { StatusBars } from "./status-bars";

export type AppShellProps = {
  /** The screen for "/" and "/c/…": a ListPane and a MainPane. It stays mounted while the address moves between chats. */
  chats: ReactNode;
  /** The screen for "/settings/…". */
  settings: ReactNode;
};

export function AppShell({ chats, settings }: AppShellProps) {
  const t = useTranslations("shell");
  const inSettings = usePathname().startsWith("/settings");
  return (
    <PhaseGate area="chats" early={<Splash />}>
      <header className="sr-only">
        <h1>Parley</h1>
      </header>
      <a className="skip-link" href="#main">
        {t("skip")}
      </a>
      <div className="app-frame">
        <Rail />
        <StatusBars />
        <Suspense fallback={<main className="pane-main" aria-busy="true" id="main" tabIndex={-1} />}>
          <AppWords>{inSettings ? settings : chats}</AppWords>
        </Suspense>
      </div>
    </PhaseGate>
  );
}
