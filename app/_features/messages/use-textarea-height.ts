"use client";
import { type RefObject, useLayoutEffect } from "react";

/** Lets a text box grow with its text where the style sheet alone (`field-sizing`) can't. */
export function useTextareaHeight(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    if (!box.current || CSS.supports("field-sizing", "content")) return;
    const { style } = box.current;
    style.blockSize = "auto";
    if (text) style.blockSize = `${box.current.scrollHeight}px`;
  }, [box, text]);
}
