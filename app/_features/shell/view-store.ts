/** The engine's live views for any number of components: one watch per view, however many look at it.
 *  The last state of a view that nobody looks at any more is kept for a while, so that going back to a screen shows it at once. */
import type { Engine, ViewName, Views } from "@/engine";

/** Views that nobody looks at, kept at most. */
const KEPT_VIEWS = 12;

type Entry = { view: unknown; listeners: Set<() => void>; stop: (() => void) | null };

export type ViewStore = {
  /** Calls `listener` after each change of the view. Returns a function that ends it. */
  subscribe<Name extends ViewName>(name: Name, args: Views[Name]["args"], listener: () => void): () => void;
  /** The view's last known state; undefined before the first. */
  peek<Name extends ViewName>(name: Name, args: Views[Name]["args"]): Views[Name]["view"] | undefined;
};

/** One text per view and arguments; the order of the arguments does not matter. */
export function viewKey(name: ViewName, args: Record<string, unknown>): string {
  return JSON.stringify([name, ...Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

export function createViewStore(engine: Pick<Engine, "watch">): ViewStore {
  const entries = new Map<string, Entry>();

  const forgetOldest = () => {
    const idle = [...entries].filter(([, entry]) => entry.stop === null);
    for (const [key] of idle.slice(0, Math.max(0, idle.length - KEPT_VIEWS))) entries.delete(key);
  };

  return {
    subscribe(name, args, listener) {
      const key = viewKey(name, args);
      const entry: Entry = entries.get(key) ?? { view: undefined, listeners: new Set(), stop: null };
      entries.delete(key);
      entries.set(key, entry);
      entry.listeners.add(listener);
      entry.stop ??= engine.watch(name, args, (view) => {
        entry.view = view;
        for (const listen of [...entry.listeners]) listen();
      });
      return () => {
        entry.listeners.delete(listener);
        if (entry.listeners.size > 0) return;
        entry.stop?.();
        entry.stop = null;
        forgetOldest();
      };
    },
    peek: (name, args) => entries.get(viewKey(name, args))?.view as never,
  };
}
