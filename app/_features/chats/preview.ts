/** The second line of a chat's row: what to say, before it is put into words. */
import type { ChatListItem, MessageStatus, NoticeKind } from "@/engine";

/** A row shows one line: more than this is never seen, and a long message must not weigh down the list. */
const MAX_PREVIEW = 160;

export type Preview =
  | { kind: "draft"; text: string }
  | { kind: "text"; text: string; sender: string | "you" | null; status: MessageStatus | null }
  | { kind: "notice"; notice: NoticeKind; subject: string }
  | { kind: "waiting" }
  | { kind: "unsupported" }
  | { kind: "empty" };

/**
 * Takes a chat as the list shows it. Returns its preview: the draft in front of everything, else the last message; `sender` is "you" for
 * own messages, a name in groups, null where the chat's title says who wrote.
 */
export function previewOf({ draft, last, type, self }: ChatListItem): Preview {
  if (draft.trim() !== "") return { kind: "draft", text: oneLine(draft) };
  if (!last) return { kind: "empty" };
  switch (last.body.kind) {
    case "text": {
      const sender = last.own ? (self ? null : "you") : type === "group" ? last.senderName : null;
      return { kind: "text", text: oneLine(last.body.text), sender, status: last.own ? (last.status ?? null) : null };
    }
    case "notice":
      if (last.body.notice === "encryption") return { kind: "empty" };
      return { kind: "notice", notice: last.body.notice, subject: last.body.subject ?? last.senderName };
    case "waiting":
      return { kind: "waiting" };
    default:
      return { kind: "unsupported" };
  }
}

/** Takes any text; returns its beginning on one line, never cut inside a character. */
function oneLine(text: string): string {
  const start = text
    .slice(0, MAX_PREVIEW * 4)
    .trim()
    .replace(/\s+/gu, " ");
  const characters = Array.from(start.slice(0, MAX_PREVIEW * 2 + 2));
  return characters.length > MAX_PREVIEW ? `${characters.slice(0, MAX_PREVIEW).join("")}…` : start;
}
