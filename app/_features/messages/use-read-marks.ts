"use client";
import { type RefObject, useEffect, useRef } from "react";
import type { ChatId } from "@/server/contract/ids";
import { useEngine } from "../shell";
import { later } from "./later";
import type { LogRow } from "./log-rows";
import { createReadTracker } from "./read-tracker";

/** Marks messages read: watches the time at the end of each bubble (`data-seq`), and the window's focus. */
export function useReadMarks(
  log: RefObject<HTMLElement | null>,
  chatId: ChatId,
  rows: readonly LogRow[],
  readSeq: number,
  focused: boolean,
): void {
  const commands = useEngine();
  const watch = useRef<{ tracker: ReturnType<typeof createReadTracker>; observer: IntersectionObserver } | null>(null);

  useEffect(() => {
    const tracker = createReadTracker({ now: Date.now, later, markRead: (seq) => void commands.markRead({ chatId, seq }) });
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) tracker.visible(Number((entry.target as HTMLElement).dataset.seq), entry.isIntersecting);
      },
      { root: log.current, threshold: 0.5 },
    );
    watch.current = { tracker, observer };
    return () => {
      observer.disconnect();
      tracker.stop();
      watch.current = null;
    };
  }, [log, chatId, commands]);

  useEffect(() => watch.current?.tracker.reset(readSeq), [readSeq]);
  useEffect(() => watch.current?.tracker.focus(focused), [focused]);
  useEffect(() => {
    // Observing an element again is without effect; those that were removed are let go by the browser.
    if (rows.length > 0) for (const end of log.current?.querySelectorAll("[data-seq]") ?? []) watch.current?.observer.observe(end);
  }, [log, rows]);
}
