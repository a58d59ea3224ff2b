import { describe, expect, it } from "vitest";
import type { ChatListItem, MessageView } from "@/engine";
import { previewOf } from "./preview";

const chat = (more: object = {}) =>
  ({ chatId: "c", type: "individual", title: "ana", self: false, unread: 0, draft: "", ...more }) as ChatListItem;
const last = (more: object = {}) =>
  ({ messageId: "m", own: false, senderName: "ana", sentAtMs: 0, body: { kind: "text", text: "hello" }, ...more }) as MessageView;

describe("preview", () => {
  it("puts the draft in front of the last message", () => {
    expect(previewOf(chat({ draft: "  half a\nthought ", last: last() }))).toEqual({ kind: "draft", text: "half a thought" });
  });

  it("says You and the state before an own message", () => {
    expect(previewOf(chat({ last: last({ own: true, status: "delivered" }) }))).toEqual({
      kind: "text",
      text: "hello",
      sender: "you",
      status: "delivered",
    });
  });

  it("names the sender in groups only", () => {
    expect(previewOf(chat({ last: last() }))).toMatchObject({ sender: null, status: null });
    expect(previewOf(chat({ type: "group", last: last() }))).toMatchObject({ sender: "ana" });
  });

  it("does not say You in the chat with oneself", () => {
    expect(previewOf(chat({ self: true, last: last({ own: true, status: "sent" }) }))).toMatchObject({ sender: null });
  });

  it("calls a chat with nothing but its first notice empty", () => {
    expect(previewOf(chat())).toEqual({ kind: "empty" });
    expect(previewOf(chat({ last: last({ body: { kind: "notice", notice: "encryption" } }) }))).toEqual({ kind: "empty" });
  });

  it("has words for what can't be shown", () => {
    expect(previewOf(chat({ last: last({ body: { kind: "waiting" } }) }))).toEqual({ kind: "waiting" });
    expect(previewOf(chat({ last: last({ body: { kind: "unsupported" } }) }))).toEqual({ kind: "unsupported" });
    expect(previewOf(chat({ last: last({ body: { kind: "notice", notice: "key_changed", subject: "bea" } }) }))).toEqual({
      kind: "notice",
      notice: "key_changed",
      subject: "bea",
    });
  });

  it("shortens a very long message without cutting a character in two", () => {
    const preview = previewOf(chat({ last: last({ body: { kind: "text", text: "🏮".repeat(28_000) } }) }));
    expect(preview).toEqual({ kind: "text", text: `${"🏮".repeat(160)}…`, sender: null, status: null });
  });
});
