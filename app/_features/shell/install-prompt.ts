"use client";
/** Chromium offers installing once per page, as an event that has to be kept for the moment a person asks. */
import { useSyncExternalStore } from "react";

type BeforeInstallPrompt = Event & { prompt(): Promise<{ outcome: "accepted" | "dismissed" }> };

function createInstallPrompt(page: EventTarget) {
  let kept: BeforeInstallPrompt | null = null;
  const listeners = new Set<() => void>();
  const keep = (event: BeforeInstallPrompt | null) => {
    kept = event;
    for (const listen of listeners) listen();
  };
  page.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    keep(event as BeforeInstallPrompt);
  });
  page.addEventListener("appinstalled", () => keep(null));
  return {
    available: () => kept !== null,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Shows the browser's own question. An offer can be used once. */
    async ask() {
      const event = kept;
      keep(null);
      await event?.prompt();
    },
  };
}

const pagePrompt = typeof window === "undefined" ? null : createInstallPrompt(window);

/** `ask` shows the browser's question to install the app; null while the browser does not offer it (or the app is installed). */
export function useInstallPrompt(): { ask: () => Promise<void> } | null {
  const available = useSyncExternalStore(
    (listener) => pagePrompt?.subscribe(listener) ?? (() => {}),
    () => pagePrompt?.available() ?? false,
    () => false,
  );
  return available && pagePrompt ? pagePrompt : null;
}
