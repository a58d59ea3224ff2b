"use client";
import { useCallback, useState } from "react";
import type { MessageView } from "@/engine";
import type { Divider } from "./log-rows";
import { placeDivider } from "./unread-divider";

type State = {
  messages: readonly MessageView[];
  divider: Divider | null /** What was there at the last own send is as good as read. */;
  answeredSeq: number;
};
const NONE: readonly MessageView[] = [];

/** The unread line of the open chat, placed while rendering, so that it never appears a frame late; and what takes it away. */
export function useDivider(messages: readonly MessageView[], live: boolean, readSeq: number, watching: boolean) {
  const [state, setState] = useState<State>({ messages: NONE, divider: null, answeredSeq: 0 });
  let { divider } = state;
  if (live && state.messages !== messages) {
    const opened = state.messages === NONE;
    divider = placeDivider(divider, messages, Math.max(readSeq, state.answeredSeq), watching && !opened);
    setState({ ...state, messages, divider });
  }
  const remove = useCallback(() => {
    setState((now) => ({
      ...now,
      divider: null,
      answeredSeq: now.messages.reduce((last, message) => Math.max(last, message.seq ?? 0), 0),
    }));
  }, []);
  return { divider, remove };
}
