import { describe, expect, it } from "vitest";
import { MAX_TEXT_BYTES } from "@/server/contract/limits";
import { composedText, isSendKey, textSize } from "./composed-text";

const enter = { key: "Enter", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 13 };

describe("composed text", () => {
  it("keeps the text byte for byte, apart from blank lines around it", () => {
    const text = "  indented\n\n e\u0301 \u0645\u0631\u062d\u0628\u0627 👩‍👩‍👧";
    expect(composedText(`\n \n${text}\n\n `)).toBe(text);
  });

  it("has nothing to send when only white space was typed", () => {
    expect(composedText(" \n\t ")).toBe("");
  });

  it("judges the size in bytes, not in characters", () => {
    expect(textSize("a".repeat(MAX_TEXT_BYTES))).toEqual({ bytes: MAX_TEXT_BYTES, near: true, over: false });
    expect(textSize("a".repeat(MAX_TEXT_BYTES + 1)).over).toBe(true);
    expect(textSize("ل".repeat(MAX_TEXT_BYTES / 2 + 1)).over).toBe(true);
    expect(textSize("hello")).toEqual({ bytes: 5, near: false, over: false });
  });
});

describe("send key", () => {
  it("sends on Enter and makes a line on Shift+Enter", () => {
    expect(isSendKey(enter, "send")).toBe(true);
    expect(isSendKey({ ...enter, shiftKey: true }, "send")).toBe(false);
  });

  it("makes a line on Enter when the person chose so, and always sends on Ctrl+Enter", () => {
    expect(isSendKey(enter, "newline")).toBe(false);
    expect(isSendKey({ ...enter, ctrlKey: true }, "newline")).toBe(true);
    expect(isSendKey({ ...enter, metaKey: true }, "newline")).toBe(true);
  });

  it("never sends while an input method composes", () => {
    expect(isSendKey({ ...enter, isComposing: true }, "send")).toBe(false);
    expect(isSendKey({ ...enter, keyCode: 229 }, "send")).toBe(false);
    expect(isSendKey({ ...enter, ctrlKey: true, isComposing: true }, "send")).toBe(false);
  });
});
