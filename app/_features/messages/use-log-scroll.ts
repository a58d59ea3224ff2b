"use client";
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { LogRow } from "./log-rows";
import { createLogScroll, type LogScroll, type Position } from "./log-scroll";

/** The unread line is brought to this part of the log's height. */
const UNREAD_AT = 1 / 3;

/** Where the log was left the last time this chat was open (null: at its end), and who wants to know where it is now. */
export type LeftAt = { position: Position | null; onPosition: (position: Position | null) => void };

/** The log's elements, whether it is at its end, and how to move it. `left` is read once. */
export function useLogScroll(left: LeftAt) {
  const log = useRef<HTMLDivElement>(null);
  const column = useRef<HTMLDivElement>(null);
  const scroll = useRef<LogScroll>(null);
  const opened = useRef(left);
  const [stuck, setStuck] = useState(true);

  useLayoutEffect(() => {
    if (!log.current || !column.current) return;
    const { onPosition } = opened.current;
    const made = createLogScroll({ log: log.current, column: column.current, onStuck: setStuck, onPosition });
    scroll.current = made;
    return () => made.stop();
  }, []);

  const toEnd = useCallback(() => scroll.current?.toEnd(), []);
  /** To the unread line if it is still below what is seen, else to the end. */
  const jump = useCallback(() => {
    if (scroll.current?.isBelow("unread")) scroll.current.toRow("unread", UNREAD_AT);
    else scroll.current?.toEnd();
  }, []);
  return { log, column, scroll, opened, stuck, toEnd, jump };
}

type InLog = { scroll: RefObject<LogScroll | null>; opened: RefObject<LeftAt> };

/** Call with each new list of rows: opens at the unread line, else where the person was, else at the end; from then on keeps the place. */
export function useRowsInPlace({ scroll, opened }: InLog, rows: readonly LogRow[], live: boolean): void {
  const stage = useRef<"new" | "remembered" | "open">("new");
  useLayoutEffect(() => {
    const now = scroll.current;
    if (!now || rows.length === 0) return;
    if (stage.current === "new" && opened.current.position) now.restore(opened.current.position);
    else now.keep();
    if (live && stage.current !== "open") {
      now.toRow("unread", UNREAD_AT);
      stage.current = "open";
    } else if (stage.current === "new") stage.current = "remembered";
  }, [scroll, opened, rows, live]);
}
