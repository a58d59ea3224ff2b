"use client";
import { useCallback, useEffect } from "react";
import type { ChatId } from "@/server/contract/ids";
import { useEngine } from "../shell";

/** Returns what is to be called with the text after each key: others see that this person types, until the text is gone or the chat is left. */
export function useTyping(chatId: ChatId): (text: string) => void {
  const commands = useEngine();
  useEffect(() => () => void commands.setTyping({ chatId, typing: false }), [commands, chatId]);
  return useCallback((text) => void commands.setTyping({ chatId, typing: text.trim() !== "" }), [commands, chatId]);
}
