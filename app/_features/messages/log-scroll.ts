/** Keeps the log where it is while rows come above, below or change their height, and at its end while it is there.
 *  Works on the elements themselves: React knows only whether the log is at its end. */
import { type Anchor, anchorCorrection, isStuck } from "./stick-to-bottom";

/** A row and how far its top edge is below the log's, to come back to later. */
export type Position = { key: string; topPx: number };

export type LogScroll = {
  /** Call after rows changed, before the paint. */
  keep(): void;
  toEnd(): void;
  /** Puts a row's top edge at a fraction of the log's height. Returns false if there is no such row. */
  toRow(key: string, fraction: number): boolean;
  /** Whether the row begins below what is seen. */
  isBelow(key: string): boolean;
  restore(position: Position): void;
  stop(): void;
};

export type LogScrollDeps = {
  log: HTMLElement;
  /** The log's one child; its children are the rows and carry `data-row`. */
  column: HTMLElement;
  onStuck: (stuck: boolean) => void;
  /** Called with null at the end. */
  onPosition: (position: Position | null) => void;
};

export function createLogScroll({ log, column, onStuck, onPosition }: LogScrollDeps): LogScroll {
  let stuck = true;
  let held: { row: HTMLElement; anchor: Anchor } | null = null;

  const topOf = (row: Element) => row.getBoundingClientRect().top - log.getBoundingClientRect().top;
  const find = (key: string) => column.querySelector<HTMLElement>(`:scope > [data-row="${CSS.escape(key)}"]`);

  function remember() {
    const row = stuck ? undefined : rowToHold(log, column);
    if (!row) {
      held = null;
      onPosition(null);
      return;
    }
    const key = row.dataset.row ?? "";
    const topPx = topOf(row);
    held = { row, anchor: { key, offset: topPx + log.scrollTop } };
    onPosition({ key, topPx });
  }
  function look() {
    const now = isStuck(log);
    if (now !== stuck) {
      stuck = now;
      onStuck(now);
    }
    remember();
  }
  function keep() {
    if (stuck) {
      if (log.scrollTop !== 0) log.scrollTop = 0;
    } else if (held?.row.isConnected) {
      const correction = anchorCorrection(held.anchor, topOf(held.row) + log.scrollTop);
      if (correction !== 0) log.scrollTop += correction;
    } else look();
  }
  function moveTo(row: HTMLElement, topPx: number) {
    log.scrollTop += topOf(row) - topPx;
    look();
  }

  log.addEventListener("scroll", look, { passive: true });
  const sizes = new ResizeObserver(keep);
  sizes.observe(log);
  sizes.observe(column);
  return {
    keep,
    toEnd() {
      log.scrollTop = 0;
      look();
    },
    toRow(key, fraction) {
      const row = find(key);
      if (row) moveTo(row, log.clientHeight * fraction);
      return row !== null;
    },
    isBelow(key) {
      const row = find(key);
      return row !== null && topOf(row) > log.clientHeight;
    },
    restore({ key, topPx }) {
      const row = find(key);
      if (row) moveTo(row, topPx);
    },
    stop() {
      sizes.disconnect();
      log.removeEventListener("scroll", look);
    },
  };
}

/** The second row that is seen: the first may be cut, or change its place in a group when older ones come. */
function rowToHold(log: HTMLElement, column: HTMLElement): HTMLElement | undefined {
  const edge = log.getBoundingClientRect().top;
  const rows = column.children;
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > edge) to = middle;
    else from = middle + 1;
  }
  const held = rows[from + 1] ?? rows[from];
  return held instanceof HTMLElement && held.dataset.row !== undefined ? held : undefined;
}
