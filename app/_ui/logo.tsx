import { classes } from "./classes";

/** The mark: a letter that is also a voice going round. Decoration. */
export function Logo({ className }: { className?: string }) {
  return (
    <span className={classes("logo", className)} aria-hidden="true">
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.9"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <path d="M6.5 20.5V10.2a6.4 6.4 0 1 1 6.4 6.4h-2" />
      </svg>
    </span>
  );
}
