"use client";
/** One chat as its screen needs it: the row of the list for the bar, and as many messages as were asked for. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { ChatListItem, ConversationView, MessageView } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { useView } from "../shell";
import { later } from "./later";
import { useKept } from "./use-kept";

const PAGE = 60;
/** With more unread messages than this the chat opens at the oldest of the last so many. */
const MAX_OPENING = 300;
/** At the end of the log more rows than this are given back. */
const MAX_ROWS = 180;
/** A chat that was just made may come a moment later than its address. */
const MISSING_AFTER_MS = 500;

const NO_MESSAGES: readonly MessageView[] = [];
const keyOf = (message: MessageView) => message.messageId;

export type OpenChat = {
  chat: ChatListItem | undefined;
  view: Omit<ConversationView, "messages"> | undefined;
  messages: readonly MessageView[];
  /** False while what is shown is only remembered from the last time this chat was open. */
  live: boolean;
  /** There is no such chat on this device. */
  missing: boolean;
  loadOlder: () => void;
  /** Called when the end of the log is seen: rows far above are given back. */
  atEnd: () => void;
};

/** Takes a chat's id; returns what is known of it, live. The caller gives each chat its own instance (a key). */
export function useConversation(chatId: ChatId): OpenChat {
  const chat = useView("chatList", {})?.find((each) => each.chatId === chatId);
  const [limit, setLimit] = useState(() => Math.min(MAX_OPENING, Math.max(PAGE, (chat?.unread ?? 0) + PAGE / 2)));
  const { view, live } = useSteadyView(chatId, limit);
  const messages = useKept(view?.messages, keyOf) ?? NO_MESSAGES;
  const missing = useMissing(chat === undefined && (view === null || view === undefined));

  const canLoad = live && view?.hasOlder === true;
  const loadOlder = useCallback(() => {
    if (canLoad) setLimit((now) => now + PAGE);
  }, [canLoad]);
  const tooMany = live && messages.length > MAX_ROWS;
  const atEnd = useCallback(() => {
    if (tooMany) setLimit(PAGE);
  }, [tooMany]);
  return { chat: chat ?? view?.chat, view: view ?? undefined, messages, live, missing, loadOlder, atEnd };
}

/** The newest `limit` messages. While another number of them is being fetched, the former view stays. */
function useSteadyView(chatId: ChatId, limit: number) {
  const fresh = useView("conversation", { chatId, limit });
  // What is there at the first sight of these arguments is remembered from earlier, not live.
  const remembered = useRef({ limit: -1, view: fresh });
  if (remembered.current.limit !== limit) remembered.current = { limit, view: fresh };
  const live = fresh !== undefined && fresh !== remembered.current.view;
  const former = useRef(fresh);
  const view = live ? fresh : (former.current ?? fresh);
  useEffect(() => {
    former.current = view;
  }, [view]);
  return useMemo(() => ({ view, live }), [view, live]);
}

function useMissing(absent: boolean): boolean {
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    if (absent) return later(() => setMissing(true), MISSING_AFTER_MS);
    setMissing(false);
    return undefined;
  }, [absent]);
  return absent && missing;
}
