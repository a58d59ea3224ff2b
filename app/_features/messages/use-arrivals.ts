"use client";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import type { MessageView } from "@/engine";
import { useAnnounce } from "../shell";
import { createArrivals } from "./arrivals";
import { useFailureWords } from "./failure-words";
import { later } from "./later";

/** Tells screen readers of messages that come while the chat is open, and of own ones that could not be sent. Never of older ones. */
export function useArrivals(messages: readonly MessageView[], live: boolean, lastSeq: number, chatName: string): void {
  const t = useTranslations("messages");
  const announce = useAnnounce();
  const failureWords = useFailureWords(chatName);
  const known = useRef<{ openedSeq: number; told: Set<string> } | null>(null);
  const arrivals = useRef<ReturnType<typeof createArrivals> | null>(null);

  useEffect(() => {
    const made = createArrivals({ later, say: announce, countWords: (count) => t("newMessages", { count }) });
    arrivals.current = made;
    return () => made.stop();
  }, [announce, t]);

  useEffect(() => {
    if (!live) return;
    if (!known.current) {
      known.current = { openedSeq: lastSeq, told: new Set(messages.filter((message) => message.status === "failed").map(toldKey)) };
      return;
    }
    const { openedSeq, told } = known.current;
    const sentences: string[] = [];
    for (const message of messages) {
      const failed = message.own && message.status === "failed";
      const arrived = !message.own && message.body.kind === "text" && (message.seq ?? 0) > openedSeq;
      if (!failed) told.delete(`failed ${message.messageId}`);
      if ((!failed && !arrived) || told.has(toldKey(message))) continue;
      told.add(toldKey(message));
      if (failed) sentences.push(failureWords(message.failure));
      else if (message.body.kind === "text") sentences.push(t("announcement", { sender: message.senderName, text: message.body.text }));
    }
    arrivals.current?.add(sentences);
  }, [messages, live, lastSeq, t, failureWords]);
}

function toldKey(message: MessageView): string {
  return message.own ? `failed ${message.messageId}` : message.messageId;
}
