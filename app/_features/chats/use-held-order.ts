"use client";
import { type RefObject, useEffect, useState } from "react";
import type { ChatListItem } from "@/engine";
import { holdOrder } from "./chat-order";

/** After so long without a move or a key the new order is shown even under the pointer. */
const IDLE_MS = 2_000;

/**
 * Takes the list's element and the chats in their newest order. Returns them in the order to show: while pointer or focus is in the list
 * and in use, rows stay where they are.
 */
export function useHeldOrder(list: RefObject<HTMLElement | null>, chats: readonly ChatListItem[]): readonly ChatListItem[] {
  const [heldIds, setHeldIds] = useState<readonly string[] | null>(null);
  const shown = heldIds ? holdOrder(chats, heldIds) : chats;

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let usedMs = 0;
    const release = () => {
      clearTimeout(timer);
      timer = undefined;
      setHeldIds(null);
    };
    const wait = (ms: number) => {
      timer = setTimeout(() => {
        const idleMs = Date.now() - usedMs;
        if (idleMs >= IDLE_MS) release();
        else wait(IDLE_MS - idleMs);
      }, ms);
    };
    const use = (event: Event) => {
      if (event instanceof PointerEvent && event.pointerType === "touch") return;
      usedMs = Date.now();
      if (timer !== undefined) return;
      const rows = element.querySelectorAll<HTMLElement>("[data-chat]");
      setHeldIds(Array.from(rows, (row) => row.dataset.chat ?? ""));
      wait(IDLE_MS);
    };
    const leave = () => {
      if (!element.matches(":hover") && !element.contains(document.activeElement)) release();
    };
    const leaveFocus = () => setTimeout(leave);
    const uses = ["pointerenter", "pointermove", "wheel", "keydown", "focusin"];
    for (const name of uses) element.addEventListener(name, use, { passive: true });
    element.addEventListener("pointerleave", leave);
    element.addEventListener("focusout", leaveFocus);
    return () => {
      clearTimeout(timer);
      for (const name of uses) element.removeEventListener(name, use);
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("focusout", leaveFocus);
    };
  }, [list]);
  return shown;
}
