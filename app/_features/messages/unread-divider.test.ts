import { describe, expect, it } from "vitest";
import type { MessageView } from "@/engine";
import { placeDivider } from "./unread-divider";

const message = (seq: number, more: object = {}) =>
  ({ messageId: `m${seq}`, seq, own: false, body: { kind: "text", text: "" }, ...more }) as MessageView;
const AWAY = false;
const WATCHING = true;

describe("unread divider", () => {
  it("stands before the first unread message of somebody else and counts those", () => {
    const messages = [
      message(1),
      message(2, { own: true }),
      message(3),
      message(4, { body: { kind: "notice", notice: "gap" } }),
      message(5),
    ];
    expect(placeDivider(null, messages, 1, AWAY)).toEqual({ messageId: "m3", count: 2 });
  });

  it("is absent when all is read", () => {
    expect(placeDivider(null, [message(1), message(2)], 2, AWAY)).toBeNull();
  });

  it("stays in its place while messages below it are unread, and counts those that come unseen", () => {
    const placed = placeDivider(null, [message(1), message(2)], 0, AWAY);
    expect(placeDivider(placed, [message(1), message(2)], 0, AWAY)).toBe(placed);
    expect(placeDivider(placed, [message(1), message(2), message(3)], 0, AWAY)).toEqual({ messageId: "m1", count: 3 });
    expect(placeDivider(placed, [message(1), message(2), message(3)], 0, WATCHING)).toBe(placed);
  });

  it("stays where it was after everything was read", () => {
    const placed = placeDivider(null, [message(1), message(2)], 1, AWAY);
    expect(placeDivider(placed, [message(1), message(2)], 2, WATCHING)).toBe(placed);
  });

  it("moves to what came unseen after it was passed", () => {
    const placed = placeDivider(null, [message(1), message(2)], 1, AWAY);
    expect(placeDivider(placed, [message(1), message(2), message(3)], 2, AWAY)).toEqual({ messageId: "m3", count: 1 });
  });

  it("does not appear for messages that come while the person watches the end", () => {
    expect(placeDivider(null, [message(1), message(2)], 1, WATCHING)).toBeNull();
  });

  it("ignores messages that have no place yet", () => {
    expect(placeDivider(null, [message(1, { seq: undefined })], 0, AWAY)).toBeNull();
  });
});
