/** Turns a chat's messages into the rows of its log: day headings, the unread line, notices, and bubbles that know their place in a group. */
import type { MessageView } from "@/engine";

/** Messages of one sender this close together form one group. */
export const GROUP_MS = 5 * 60_000;

/** Place of a bubble in its group; decides its corners and the gap above. */
export type Place = "first" | "mid" | "last" | "only";

export type LogRow =
  | { kind: "day"; key: string; atMs: number }
  | { kind: "unread"; key: string; count: number }
  | { kind: "notice"; key: string; message: MessageView }
  | { kind: "message"; key: string; message: MessageView; place: Place };

export type Divider = { messageId: string; count: number };

/**
 * Takes messages in their order, the local day of a moment, and where the unread line stands, if anywhere.
 * Returns rows with keys that stay the same while a message gets its seq or changes its state.
 * Days only go forward: a sender's clock that runs late does not bring an earlier heading back.
 */
export function logRows(messages: readonly MessageView[], dayOf: (ms: number) => number, divider: Divider | null): LogRow[] {
  const rows: LogRow[] = [];
  let day = Number.NEGATIVE_INFINITY;
  let joinsNext = false;
  messages.forEach((message, index) => {
    const itsDay =
      message.body.kind === "notice" && message.body.notice === "encryption" ? Number.NEGATIVE_INFINITY : dayOf(message.sentAtMs);
    if (itsDay > day) {
      day = itsDay;
      rows.push({ kind: "day", key: `day ${day}`, atMs: message.sentAtMs });
      joinsNext = false;
    }
    if (divider?.messageId === message.messageId) {
      rows.push({ kind: "unread", key: "unread", count: divider.count });
      joinsNext = false;
    }
    if (message.body.kind === "notice") {
      rows.push({ kind: "notice", key: message.messageId, message });
      joinsNext = false;
      return;
    }
    const next = messages[index + 1];
    const joinsPrevious = joinsNext;
    joinsNext = next !== undefined && joins(message, next) && divider?.messageId !== next.messageId && dayOf(next.sentAtMs) <= day;
    rows.push({ kind: "message", key: message.messageId, message, place: placeOf(joinsPrevious, joinsNext) });
  });
  return rows;
}

function joins(message: MessageView, next: MessageView): boolean {
  return (
    next.body.kind !== "notice" &&
    message.status !== "failed" &&
    next.status !== "failed" &&
    message.own === next.own &&
    message.senderUserId === next.senderUserId &&
    Math.abs(next.sentAtMs - message.sentAtMs) <= GROUP_MS
  );
}

function placeOf(joinsPrevious: boolean, joinsNext: boolean): Place {
  if (joinsPrevious) return joinsNext ? "mid" : "last";
  return joinsNext ? "first" : "only";
}
