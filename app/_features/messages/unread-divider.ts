/** Where the line "N unread messages" stands. It stays where it was when the chat was opened; it is placed again only if messages come
 *  unseen after the old line was passed; its number grows with what comes unseen; a send removes it. */
import type { MessageView } from "@/engine";
import type { Divider } from "./log-rows";

type Seen = Pick<MessageView, "messageId" | "seq" | "own" | "body">;

/**
 * Takes the line as it stands, the messages oldest first, how far the person has read, and whether they are looking at the end right
 * now (window focused, log at its end): then what comes is seen as it comes. Returns the same object if nothing changes.
 */
export function placeDivider(current: Divider | null, messages: readonly Seen[], readSeq: number, watching: boolean): Divider | null {
  if (watching) return current;
  const unread = messages.filter((message) => isUnread(message, readSeq));
  const first = unread[0];
  if (!first) return current;
  const stays = current !== null && !isPassed(current, messages, readSeq);
  if (!stays) return { messageId: first.messageId, count: unread.length };
  return unread.length > current.count ? { ...current, count: unread.length } : current;
}

/** Takes a message and how far the person has read; returns whether it is somebody else's and not read. Notices don't count. */
export function isUnread(message: Seen, readSeq: number): boolean {
  return !message.own && message.body.kind !== "notice" && message.seq !== undefined && message.seq > readSeq;
}

function isPassed(divider: Divider, messages: readonly Seen[], readSeq: number): boolean {
  const start = messages.findIndex((message) => message.messageId === divider.messageId);
  return start < 0 || (messages[start]?.seq ?? 0) <= readSeq;
}
