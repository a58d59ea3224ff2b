/** The presence views of one tab: tells the leader which chats are on screen, and shows what it hears of them. */
import type { ChatId } from "@/server/contract/ids";
import type { PresenceView } from "../../door";
import type { SetTimer } from "./set-timer";
import type { TabBus } from "./tab-bus";

/** How often a tab repeats what it watches. Browsers let timers of hidden tabs run once a minute. */
const REPEAT_MS = 60_000;
/** Nothing is known, or nothing may be told: it is shown as nothing. */
export const NOTHING_KNOWN: PresenceView = { state: "hidden", typing: [] };

export type PresenceTab = {
  /** Calls the listener with the present view and each later one. Returns a function that ends it. */
  watch(chatId: ChatId, listener: (view: PresenceView) => void): () => void;
  close(): void;
};

/** `tabId`: another one for each tab of the profile. */
export function createPresenceTab({ bus, tabId, setTimer }: { bus: TabBus; tabId: string; setTimer: SetTimer }): PresenceTab {
  const listeners = new Map<ChatId, Set<(view: PresenceView) => void>>();
  const views = new Map<ChatId, PresenceView>();
  let cancelRepeat: (() => void) | undefined;

  function tell(): void {
    cancelRepeat?.();
    bus.post({ kind: "watching", tabId, chatIds: [...listeners.keys()] });
    cancelRepeat = listeners.size > 0 ? setTimer(tell, REPEAT_MS) : undefined;
  }

  const stopListening = bus.listen((message) => {
    if (message.kind === "who" && listeners.size > 0) tell();
    if (message.kind !== "shown" || !listeners.has(message.chatId)) return;
    views.set(message.chatId, message.view);
    for (const listener of listeners.get(message.chatId) ?? []) listener(message.view);
  });

  return {
    watch(chatId, listener) {
      const present = listeners.get(chatId) ?? new Set();
      listeners.set(chatId, present.add(listener));
      listener(views.get(chatId) ?? NOTHING_KNOWN);
      if (present.size === 1) tell();
      return () => {
        if (!present.delete(listener) || present.size > 0) return;
        listeners.delete(chatId);
        views.delete(chatId);
        tell();
      };
    },
    close() {
      cancelRepeat?.();
      stopListening();
      listeners.clear();
      bus.post({ kind: "watching", tabId, chatIds: [] });
    },
  };
}
