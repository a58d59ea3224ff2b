/** Who is typing in one chat, as far as they say so: each word holds for TYPING_ENDS_MS, and a message ends it at once. */
import type { UserId } from "@/server/contract/ids";
import { TYPING_ENDS_MS } from "@/server/contract/limits";
import type { SetTimer } from "./set-timer";

export type TypingPeople = {
  typing(userId: UserId): void;
  /** They let it be, or their message came. */
  stopped(userId: UserId): void;
  /** In the order in which they began. */
  people(): UserId[];
  close(): void;
};

/** `changed` is called whenever `people()` is another list than before. */
export function createTypingPeople({ setTimer, changed }: { setTimer: SetTimer; changed: () => void }): TypingPeople {
  const endings = new Map<UserId, () => void>();
  const stopped = (userId: UserId) => {
    endings.get(userId)?.();
    if (endings.delete(userId)) changed();
  };
  return {
    typing(userId) {
      const before = endings.get(userId);
      before?.();
      endings.set(
        userId,
        setTimer(() => stopped(userId), TYPING_ENDS_MS),
      );
      if (before === undefined) changed();
    },
    stopped,
    people: () => [...endings.keys()],
    close() {
      for (const cancel of endings.values()) cancel();
      endings.clear();
    },
  };
}
