"use client";
import { useEffect, useRef } from "react";
import { isMac, type ShortcutId, shortcutOf } from "./shortcuts";

/** Runs an action for each shortcut of the registry, wherever the focus is, except while a dialog or a menu is open. */
export function useShortcuts(actions: Record<ShortcutId, () => void>): void {
  const newest = useRef(actions);
  useEffect(() => {
    newest.current = actions;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("[role=dialog], [role=alertdialog], [role=menu]")) return;
      const id = shortcutOf(event, isMac(navigator.platform));
      if (!id) return;
      event.preventDefault();
      newest.current[id]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
