/** The engine's live views for any number of components: one watch per view, however many look at it.
 *  The last state of a view that nobody looks at any more is kept for a while, so that going back to a screen shows it at once;
 *  when the account changes, everything that was kept is forgotten. */
import type { AccountView, Engine, ViewName, Views } from "@/engine";

/** Views that nobody looks at, kept at most. */
const KEPT_VIEWS = 12;

type Entry = { view: unknown; listeners: Set<() => void>; watch: () => () => void; stop: (() => void) | null };

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

/** Views of the device, not of a person. */
const LASTING = new Set([viewKey("account", {}), viewKey("connection", {})]);

/** Who the views belong to: null for nobody, undefined while that is not known. */
function ownerOf(account: AccountView): string | null | undefined {
  if ("username" in account) return account.username;
  return account.phase === "signed_out" ? null : undefined;
}

export function createViewStore(engine: Pick<Engine, "watch">): ViewStore {
  const entries = new Map<string, Entry>();
  let owner: string | null | undefined;

  const forgetOldest = () => {
    const idle = [...entries].filter(([, entry]) => entry.stop === null);
    for (const [key] of idle.slice(0, Math.max(0, idle.length - KEPT_VIEWS))) entries.delete(key);
  };

  /** Somebody else is here now: nothing that the former person saw may show, not even until its next change. */
  const startAnew = () => {
    for (const [key, entry] of entries) {
      if (LASTING.has(key)) continue;
      if (entry.stop === null) entries.delete(key);
      else {
        entry.stop();
        entry.view = undefined;
        entry.stop = entry.watch();
        tellAll(entry);
      }
    }
  };

  const watch = (name: ViewName, args: Views[ViewName]["args"], entry: Entry) =>
    engine.watch(name, args, (view) => {
      entry.view = view;
      if (name === "account") {
        const present = ownerOf(view as AccountView);
        const changed = owner !== undefined && present !== undefined && present !== owner;
        owner = present === undefined ? owner : present;
        if (changed) startAnew();
      }
      tellAll(entry);
    });

  return {
    subscribe(name, args, listener) {
      const key = viewKey(name, args);
      const entry: Entry = entries.get(key) ?? { view: undefined, listeners: new Set(), watch: () => watch(name, args, entry), stop: null };
      entries.delete(key);
      entries.set(key, entry);
      entry.listeners.add(listener);
      entry.stop ??= entry.watch();
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

function tellAll({ listeners }: Entry): void {
  for (const listen of [...listeners]) listen();
}
