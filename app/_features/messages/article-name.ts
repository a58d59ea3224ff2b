/** Takes a message's text; returns it without its own final full stop, because an article's name sets one after it. */
export function withoutFinalStop(text: string): string {
  return text.endsWith(".") && !text.endsWith("..") ? text.slice(0, -1) : text;
}
