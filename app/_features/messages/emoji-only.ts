/** Finds the messages that are shown big: one to three emoji and nothing else. */

const ONE = String.raw`(?:(?!\p{Regional_Indicator})\p{Emoji_Presentation}\uFE0F?|\p{Extended_Pictographic}\uFE0F)(?:\p{Emoji_Modifier})?|\p{Extended_Pictographic}\p{Emoji_Modifier}`;
const FLAG = String.raw`\p{Regional_Indicator}{2}|\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F}`;
const KEYCAP = String.raw`[0-9#*]\uFE0F\u20E3`;
const JOINED = String.raw`(?:${ONE})(?:\u200D(?:${ONE}|\p{Extended_Pictographic}))*|\p{Extended_Pictographic}(?:\u200D(?:${ONE}|\p{Extended_Pictographic}))+`;
const ONE_TO_THREE = new RegExp(`^(?:(?:${FLAG}|${KEYCAP}|${JOINED}) ?){1,3}$`, "u");
/** The longest emoji (families, flags of regions) have under 20 UTF-16 units. */
const LONGEST = 64;

/** Takes a message's text; returns whether it consists of one to three emoji, single spaces between them allowed. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= LONGEST && ONE_TO_THREE.test(text);
}
