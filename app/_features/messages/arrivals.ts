/** What a screen reader hears of new messages in the open chat: each one, or only their number when they come fast. */

/** From this many within one window on, only the number is said. */
const MANY = 3;
export const WINDOW_MS = 1_000;

export type ArrivalsDeps = {
  later: (run: () => void, ms: number) => () => void;
  say: (words: string) => void;
  /** Words for so many new messages. */
  countWords: (count: number) => string;
};

/** Takes a timer, a voice and the words for a number. Returns `add`, which takes one sentence for each new message, and `stop`. */
export function createArrivals({ later, say, countWords }: ArrivalsDeps) {
  let held: string[] = [];
  let cancel: (() => void) | null = null;
  /** Spoken since the window opened: they count towards "many". */
  let spoken = 0;

  function flush() {
    cancel = null;
    if (held.length > 0) speak();
  }

  function speak() {
    if (held.length + spoken >= MANY) say(countWords(held.length));
    else say(held.join("\n"));
    spoken = held.length;
    held = [];
    cancel = later(flush, WINDOW_MS);
  }

  return {
    add(sentences: readonly string[]) {
      if (sentences.length === 0) return;
      held.push(...sentences);
      if (cancel) return;
      spoken = 0;
      speak();
    },
    stop: () => cancel?.(),
  };
}
