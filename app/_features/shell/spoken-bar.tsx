"use client";
import { type ReactNode, useEffect } from "react";
import { NoticeBar } from "../../_ui/notice-bar";
import { useAnnounce } from "./announcer";

type SpokenBarProps = { text: string; icon: ReactNode; kind?: "warn" | "info"; action?: ReactNode };

/** A bar that is also announced when it appears. */
export function SpokenBar({ text, ...bar }: SpokenBarProps) {
  const announce = useAnnounce();
  useEffect(() => announce(text), [announce, text]);
  return <NoticeBar {...bar}>{text}</NoticeBar>;
}
