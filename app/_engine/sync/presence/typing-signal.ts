/** When to tell a chat that this person is typing: at the first key, then seldom, and once more when they let it be. */
import { TYPING_EVERY_MS } from "@/server/contract/limits";

export type TypingSignal = {
  /** A key was pressed and there is text. */
  typed(): void;
  /** The text is gone, or the chat was left. */
  stopped(): void;
  /** The message went out, which says by itself that nobody types it any more. */
  sent(): void;
};

/** `now` in milliseconds. `tell` is called at most twice in TYPING_EVERY_MS, apart from what follows a message. */
export function createTypingSignal({ now, tell }: { now: () => number; tell: (state: "typing" | "stopped") => void }): TypingSignal {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let believed = false;
  return {
    typed() {
      if (now() - toldAtMs < TYPING_EVERY_MS) return;
      toldAtMs = now();
      believed = true;
      tell("typing");
    },
    stopped() {
      if (!believed) return;
      believed = false;
      tell("stopped");
    },
    sent() {
      toldAtMs = Number.NEGATIVE_INFINITY;
      believed = false;
    },
  };
}
