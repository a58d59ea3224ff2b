/** What becomes of the composer's text when it is sent, and how its size is judged. */
import { MAX_TEXT_BYTES } from "@/server/contract/limits";

/** From here on the composer shows how much room is left. */
const NEAR_LIMIT_BYTES = MAX_TEXT_BYTES * 0.9;

/** Takes what was typed; returns what is sent: without blank lines before it and white space after it. Empty means there is nothing to send. */
export function composedText(typed: string): string {
  return typed.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();
}

export type TextSize = { bytes: number; near: boolean; over: boolean };

/** Takes what was typed; returns its size as sent in UTF-8 bytes and whether it is near or over the limit. */
export function textSize(typed: string): TextSize {
  // A UTF-16 unit takes at most three bytes, so short texts need no counting.
  if (typed.length * 3 < NEAR_LIMIT_BYTES) return { bytes: typed.length, near: false, over: false };
  const bytes = new TextEncoder().encode(composedText(typed)).length;
  return { bytes, near: bytes >= NEAR_LIMIT_BYTES, over: bytes > MAX_TEXT_BYTES };
}

export type EnterKey = "send" | "newline";

type KeyPress = {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  keyCode: number;
};

/**
 * Takes a key press in the composer and the person's setting; returns whether it sends. Never while an input method composes:
 * some browsers say that with `isComposing`, some only with key code 229.
 */
export function isSendKey(press: KeyPress, enterKey: EnterKey): boolean {
  if (press.key !== "Enter" || press.isComposing || press.keyCode === 229 || press.altKey) return false;
  if (press.ctrlKey || press.metaKey) return true;
  return enterKey === "send" && !press.shiftKey;
}
