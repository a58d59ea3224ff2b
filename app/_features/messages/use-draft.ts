"use client";
/** What is being written in a chat: kept here while typing, and on this device soon after each key. Nothing but typing and sending changes it. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Commands } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { useEngine } from "../shell";
import { createDraftSaver } from "./draft-saver";
import { later } from "./later";

/** A saved draft comes back in the view of the chat within this time. */
const SEEN_AFTER_MS = 1_000;

// NOTE: drafts on their way to the store, for a chat that is opened again before they arrive there.
const onTheirWay = new WeakMap<Commands, Map<ChatId, string>>();

function pendingDrafts(commands: Commands): Map<ChatId, string> {
  const pending = onTheirWay.get(commands) ?? new Map<ChatId, string>();
  onTheirWay.set(commands, pending);
  return pending;
}

async function saveDraft(commands: Commands, chatId: ChatId, text: string): Promise<void> {
  const pending = pendingDrafts(commands);
  pending.set(chatId, text);
  const outcome = await commands.setDraft({ chatId, text });
  // A draft that could not be stored is kept as long as the page lives.
  if (outcome.ok) later(() => pending.get(chatId) === text && pending.delete(chatId), SEEN_AFTER_MS);
}

/** Takes the chat and its stored draft, which is read once. Returns the text, `change`, `take` (for sending: empties it) and `putBack` (sending failed). */
export function useDraft(chatId: ChatId, stored: string) {
  const commands = useEngine();
  const [text, setText] = useState(() => pendingDrafts(commands).get(chatId) ?? stored);
  const newest = useRef(text);
  const saver = useMemo(() => createDraftSaver({ later, save: (draft) => void saveDraft(commands, chatId, draft) }), [commands, chatId]);

  useEffect(() => {
    const save = () => saver.flush();
    document.addEventListener("visibilitychange", save);
    addEventListener("pagehide", save);
    return () => {
      document.removeEventListener("visibilitychange", save);
      removeEventListener("pagehide", save);
      save();
    };
  }, [saver]);

  const set = useCallback((next: string) => {
    newest.current = next;
    setText(next);
  }, []);
  const change = useCallback(
    (next: string) => {
      set(next);
      saver.changed(next);
    },
    [set, saver],
  );
  const take = useCallback(() => {
    set("");
    saver.sent();
  }, [set, saver]);
  const putBack = useCallback(
    (unsent: string) => {
      change(newest.current === "" ? unsent : `${unsent}\n${newest.current}`);
      saver.flush();
    },
    [change, saver],
  );
  return { text, change, take, putBack };
}
