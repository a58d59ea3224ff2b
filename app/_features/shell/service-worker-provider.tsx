"use client";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { type WaitingUpdate, watchServiceWorker } from "./service-worker";

const CHECK_EVERY_MS = 3_600_000;

function everyNowAndThen(check: () => void): () => void {
  const whenSeen = () => document.visibilityState === "visible" && check();
  const timer = setInterval(check, CHECK_EVERY_MS);
  document.addEventListener("visibilitychange", whenSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", whenSeen);
  };
}

const UpdateContext = createContext<WaitingUpdate | null>(null);

/** Registers the service worker (production only: in development pages must not come from a cache) and knows of a waiting update. */
export function ServiceWorkerProvider({ children }: { children: ReactNode }) {
  const [update, setUpdate] = useState<WaitingUpdate | null>(null);
  useEffect(() => {
    if (process.env.NODE_ENV !== "production" || !("serviceWorker" in navigator)) return;
    const deps = { container: navigator.serviceWorker, reload: () => location.reload(), everyNowAndThen };
    return watchServiceWorker(deps, setUpdate);
  }, []);
  return <UpdateContext value={update}>{children}</UpdateContext>;
}

/** The new version that waits for the person, or null. */
export function useWaitingUpdate(): WaitingUpdate | null {
  return useContext(UpdateContext);
}
