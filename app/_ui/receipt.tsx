/** How far an own message has come, told by shape: clock, one tick, two ticks, two ticks in a filled pill, exclamation mark.
 *  The words stand in the name of the message's article; the drawing is a decoration and does not mirror. */
import type { ReactNode } from "react";
import { classes } from "./classes";

export type ReceiptStatus = "waiting" | "sent" | "delivered" | "read" | "failed";

const DRAWINGS: Record<ReceiptStatus, { box: string; shape: ReactNode }> = {
  waiting: {
    box: "0 0 12 12",
    shape: (
      <>
        <circle cx="6" cy="6" r="4.9" />
        <path d="M6 3.4V6l1.8 1.1" />
      </>
    ),
  },
  sent: { box: "0 0 13 12", shape: <path d="M2 6.6 4.9 9.5 11 2.8" /> },
  delivered: { box: "0 0 18 12", shape: <path d="M1.4 6.6 4.3 9.5 10.4 2.8M8.6 8.4l1.1 1.1 6.1-6.7" /> },
  read: {
    box: "0 0 24 14",
    shape: (
      <>
        <rect className="filled" width="24" height="14" rx="7" />
        <path className="cut-out" d="M4.8 7.4 7.3 9.9 12.5 4.2M11 8.9l1 1 5.2-5.7" />
      </>
    ),
  },
  failed: {
    box: "0 0 14 14",
    shape: (
      <>
        <circle className="filled" cx="7" cy="7" r="7" />
        <path className="cut-out" d="M7 3.8v3.6M7 10.2v.01" strokeWidth="1.8" />
      </>
    ),
  },
};

/** The receipt of one own message. Set `--cut` on a parent to the colour of the ground where that is not `--surface`. */
export function Receipt({ status, className }: { status: ReceiptStatus; className?: string }) {
  const { box, shape } = DRAWINGS[status];
  return (
    <svg className={classes("receipt", `receipt-${status}`, className)} viewBox={box} aria-hidden="true">
      {shape}
    </svg>
  );
}
