import type { ReactNode } from "react";
import { classes } from "./classes";

export type NoticeBarProps = {
  /** A lucide icon with `className="icon icon-16"` and `aria-hidden`. */
  icon: ReactNode;
  /** `info` when nothing is wrong. */
  kind?: "warn" | "info";
  children: ReactNode;
  /** Text buttons. */
  action?: ReactNode;
};

/** A slim bar for a state of things; never a modal. Whoever shows it announces it. */
export function NoticeBar({ icon, kind = "warn", children, action }: NoticeBarProps) {
  return (
    <div className={classes("notice-bar", kind === "info" && "notice-bar-info")}>
      {icon}
      <span className="grow">{children}</span>
      {action}
    </div>
  );
}
