/** Saves what is being written soon after each key, without waiting for a pause: a crash costs at most this much typing. */

export const DRAFT_SAVE_MS = 250;

export type DraftSaverDeps = { later: (run: () => void, ms: number) => () => void; save: (text: string) => void };

/** Takes a timer and where to save. Returns `changed(text)`, `flush()` (save now what is not saved) and `sent()` (forget it, save ""). */
export function createDraftSaver({ later, save }: DraftSaverDeps) {
  let unsaved: string | null = null;
  let cancel: (() => void) | null = null;

  function flush() {
    cancel?.();
    cancel = null;
    if (unsaved === null) return;
    const text = unsaved;
    unsaved = null;
    save(text);
  }

  return {
    changed(text: string) {
      unsaved = text;
      cancel ??= later(flush, DRAFT_SAVE_MS);
    },
    flush,
    sent() {
      unsaved = "";
      flush();
    },
  };
}
