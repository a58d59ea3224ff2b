import { classes } from "./classes";

/** Says "working" to the eye only; the control around it carries `aria-busy` or words. */
export function Spinner({ className }: { className?: string }) {
  return <span className={classes("spinner", className)} aria-hidden="true" />;
}
