"use client";
import { useCallback } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";
import { assertNever } from "@/server/contract/errors";
import { useView } from "../shell";
import { standingOf } from "./standing";
import { useCalendar, useToday } from "./use-calendar";

/** How the people of a chat that is on screen stand, in words; null where there is nothing to say. `live`: it is so right now. */
export function useStanding({ chatId, type }: Pick<ChatListItem, "chatId" | "type">): { words: string; live: boolean } | null {
  const t = useTranslations("messages");
  const calendar = useCalendar();
  const todayMs = useToday(calendar);
  const typingWords = useTypingWords();
  const view = useView("presence", { chatId });
  if (view === undefined) return null;
  const standing = standingOf(view, calendar, todayMs);
  switch (standing.kind) {
    case "typing":
      return { words: typingWords(type, standing.names), live: true };
    case "online":
      return { words: t("online"), live: true };
    case "seen":
      if (standing.day === "earlier") return { words: t("seenEarlier", { date: standing.date }), live: false };
      return { words: t(standing.day === "today" ? "seenToday" : "seenYesterday", { time: standing.time }), live: false };
    case "nothing":
      return null;
    default:
      return assertNever(standing);
  }
}

/** Words for those who are typing, of whom there is at least one. Where only one person can be meant they are not named. */
export function useTypingWords(): (type: ChatListItem["type"], names: readonly string[]) => string {
  const t = useTranslations("messages");
  return useCallback(
    (type, [first = "", second = "", ...more]) => {
      if (type === "individual") return t("typing");
      if (second === "") return t("typingOne", { name: first });
      if (more.length === 0) return t("typingTwo", { first, second });
      return t("typingMany", { count: more.length + 2 });
    },
    [t],
  );
}
