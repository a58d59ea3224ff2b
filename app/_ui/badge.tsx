import { classes } from "./classes";

/** A count beside something whose accessible name already says it: hidden from screen readers. Over 999 it says "999+". */
export function Badge({ count, quiet, className }: { count: number; quiet?: boolean; className?: string }) {
  return (
    <span className={classes("badge", quiet && "badge-quiet", className)} aria-hidden="true">
      {count > 999 ? "999+" : count}
    </span>
  );
}
