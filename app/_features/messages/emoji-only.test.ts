import { expect, it } from "vitest";
import { isEmojiOnly } from "./emoji-only";

it.each(["🏮", "🏮🌙", "👍🏽", "❤️", "👩‍👩‍👧‍👦", "🇦🇷", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "1️⃣", "🏳️‍🌈", "👁‍🗨", "😀 😀 😀", "🙂👍🏿🇩🇪"])("shows %s big", (text) => {
  expect(isEmojiOnly(text)).toBe(true);
});

it.each(["", " ", "a", "1", "123", "#", "©", "❤", "ok 👍", "😀😀😀😀", "🇦", "\u200d", "\uFE0F", "👍\n👍", "😀".repeat(200)])(
  "keeps %j at text size",
  (text) => {
    expect(isEmojiOnly(text)).toBe(false);
  },
);
