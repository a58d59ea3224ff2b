import type { ReactNode } from "react";
import { classes } from "./classes";

export type CalloutProps = {
  icon: ReactNode;
  /** `plain` explains, `warn` warns, `danger` says that something failed and is read at once. */
  kind?: "plain" | "warn" | "danger";
  children: ReactNode;
  action?: ReactNode;
};

/** A few sentences that belong to the screen they stand on. */
export function Callout({ icon, kind = "plain", children, action }: CalloutProps) {
  return (
    <div className={classes("callout", kind !== "warn" && `callout-${kind}`)} role={kind === "danger" ? "alert" : "note"}>
      {icon}
      <div className="grow">{children}</div>
      {action}
    </div>
  );
}
