import { describe, expect, it } from "vitest";
import type { MessageView } from "@/engine";
import { type Divider, logRows } from "./log-rows";

const MINUTE = 60_000;
const DAY = 86_400_000;
const dayOf = (ms: number) => Math.floor(ms / DAY);
const noon = 20_000 * DAY + DAY / 2;

type Said = Partial<Omit<MessageView, "senderUserId">> & { from?: string };
const say = (id: string, { from = "ana", ...more }: Said = {}): MessageView =>
  ({
    messageId: id,
    own: from === "me",
    senderUserId: from,
    senderName: from,
    sentAtMs: noon,
    body: { kind: "text", text: id },
    ...more,
  }) as MessageView;
const outline = (messages: MessageView[], divider: Divider | null = null) =>
  logRows(messages, dayOf, divider).map((row) => (row.kind === "message" ? `${row.key} ${row.place}` : row.kind));

describe("log rows", () => {
  it("groups messages of one sender within five minutes", () => {
    const at = (minutes: number) => ({ sentAtMs: noon + minutes * MINUTE });
    expect(outline([say("a", at(0)), say("b", at(5)), say("c", at(9)), say("d", at(15))])).toEqual([
      "day",
      "a first",
      "b mid",
      "c last",
      "d only",
    ]);
  });

  it("starts a new group when the sender changes", () => {
    expect(outline([say("a"), say("b", { from: "me" }), say("c")])).toEqual(["day", "a only", "b only", "c only"]);
  });

  it("does not group across the unread line, a notice or a failed message", () => {
    expect(outline([say("a"), say("b"), say("c")], { messageId: "b", count: 2 })).toEqual(["day", "a only", "unread", "b first", "c last"]);
    expect(outline([say("a"), say("n", { body: { kind: "notice", notice: "gap" } }), say("b")])).toEqual([
      "day",
      "a only",
      "notice",
      "b only",
    ]);
    const mine = { from: "me" };
    expect(outline([say("a", mine), say("b", { ...mine, status: "failed" }), say("c", mine)])).toEqual([
      "day",
      "a only",
      "b only",
      "c only",
    ]);
  });

  it("puts one heading before each day and never one for an earlier day again", () => {
    const messages = [say("a"), say("b", { sentAtMs: noon + DAY }), say("c", { sentAtMs: noon }), say("d", { sentAtMs: noon + DAY })];
    expect(outline(messages)).toEqual(["day", "a only", "day", "b only", "c only", "d only"]);
  });

  it("does not group over midnight", () => {
    const midnight = noon + DAY / 2;
    expect(outline([say("a", { sentAtMs: midnight - MINUTE }), say("b", { sentAtMs: midnight + MINUTE })])).toEqual([
      "day",
      "a only",
      "day",
      "b only",
    ]);
  });

  it("shows the encryption notice before the first day", () => {
    expect(outline([say("n", { body: { kind: "notice", notice: "encryption" } }), say("a")])).toEqual(["notice", "day", "a only"]);
  });

  it("keeps a row's key when the message gets its seq and state", () => {
    const before = logRows([say("a", { from: "me", status: "waiting" })], dayOf, null);
    const after = logRows([say("a", { from: "me", status: "sent", seq: 7 as never })], dayOf, null);
    expect(after.map((row) => row.key)).toEqual(before.map((row) => row.key));
  });
});
