/** What the tabs of one browser profile say to each other about presence and typing: which chats are looked at, and what the leader hears of
 *  them. It goes through a BroadcastChannel and not through the store like everything else, because it is worth nothing a moment later: each
 *  word would be a commit that waits for the disk. */
import type { ChatId } from "@/server/contract/ids";
import type { PresenceView } from "../../door";

export type TabMessage =
  /** A tab's chats on screen; said again now and then, so that a tab that vanished is forgotten. */
  | { kind: "watching"; tabId: string; chatIds: ChatId[] }
  /** A new leader wants to know. */
  | { kind: "who" }
  | { kind: "typing"; chatId: ChatId; typing: boolean }
  | { kind: "shown"; chatId: ChatId; view: PresenceView };

/** The part of BroadcastChannel that is used here. */
export type Broadcast = Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">;

export type TabBus = {
  /** Reaches all tabs, this one too. */
  post(message: TabMessage): void;
  /** Returns a function that ends it. */
  listen(listener: (message: TabMessage) => void): () => void;
  close(): void;
};

export function createTabBus(broadcast: Broadcast): TabBus {
  const listeners = new Set<(message: TabMessage) => void>();
  let closed = false;
  const hear = (message: TabMessage) => {
    for (const listener of [...listeners]) listener(message);
  };
  broadcast.onmessage = ({ data }) => hear(data as TabMessage);
  return {
    post(message) {
      if (closed) return;
      broadcast.postMessage(message);
      hear(message);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      closed = true;
      broadcast.close();
    },
  };
}
