"use client";
/** The two panes of a screen. On a phone one of them is in front and is the page's main landmark; the other is out of the way. */
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect, useRef } from "react";
import { classes } from "../../_ui/classes";
import { useFrameWidth } from "./frame-width";

/** Addresses whose list is the screen: the chat list, and the list of settings. */
const LIST_PATHS = ["/", "/settings"];

function useFront(): "both" | "list" | "main" {
  const width = useFrameWidth();
  const path = usePathname();
  if (width !== "phone") return "both";
  return LIST_PATHS.includes(path) ? "list" : "main";
}

/** The list beside the main pane: a region of that name; on a phone's list screen it is the main landmark. */
export function ListPane({ label, children }: { label: string; children: ReactNode }) {
  const front = useFront();
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles, region and main, take a name
    <div
      role={front === "list" ? "main" : "region"}
      aria-label={label}
      className={classes("pane-list", front === "main" && "hidden")}
      id={front === "list" ? "main" : undefined}
      tabIndex={-1}
    >
      {children}
    </div>
  );
}

/** What is chosen in the list: the main landmark. Not there while a phone shows the list. */
export function MainPane({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  const front = useFront();
  const pane = useRef<HTMLElement>(null);
  const path = usePathname();
  // A phone swaps the whole screen: focus comes along, or it would stay on something that is no longer there.
  useEffect(() => {
    if (front === "main" && path && document.activeElement === document.body) pane.current?.focus({ preventScroll: true });
  }, [front, path]);
  if (front === "list") return null;
  return (
    <main ref={pane} aria-label={label} className={classes("pane-main", className)} id="main" tabIndex={-1}>
      {children}
    </main>
  );
}
