"use client";
import { useSyncExternalStore } from "react";

/** `phone` under 640 px: one pane at a time. `tablet`: list and main. `desktop` from 1024 px: rail, list and main. */
export type FrameWidth = "phone" | "tablet" | "desktop";

const phone = "(max-width: 639px)";
const desktop = "(min-width: 1024px)";

function subscribe(listener: () => void): () => void {
  const queries = [matchMedia(phone), matchMedia(desktop)];
  for (const query of queries) query.addEventListener("change", listener);
  return () => {
    for (const query of queries) query.removeEventListener("change", listener);
  };
}

function current(): FrameWidth {
  if (matchMedia(phone).matches) return "phone";
  return matchMedia(desktop).matches ? "desktop" : "tablet";
}

/** Which frame the window has room for. Layout itself belongs into CSS; this is for what differs in landmarks and behaviour. */
export function useFrameWidth(): FrameWidth {
  return useSyncExternalStore(subscribe, current, () => "desktop");
}
