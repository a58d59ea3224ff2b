import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";

export type IconButtonProps = Omit<ComponentProps<"button">, "aria-label"> & {
  /** The accessible name, also shown on hover. */
  label: string;
  accent?: boolean;
  /** A lucide icon with `className="icon"` and `aria-hidden`. */
  children: ReactNode;
};

/** A button that is only an icon: 36 px, 44 px for fingers. */
export function IconButton({ label, accent, className, type = "button", children, ...rest }: IconButtonProps) {
  return (
    <button
      title={label}
      {...rest}
      type={type}
      aria-label={label}
      className={classes("icon-button", accent && "icon-button-accent", className)}
    >
      {children}
    </button>
  );
}
