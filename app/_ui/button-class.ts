import { classes } from "./classes";

export type ButtonLook = {
  /** `primary` once per screen; `danger` for what can't be undone. */
  kind?: "primary" | "secondary" | "quiet" | "danger";
  small?: boolean;
  wide?: boolean;
};

/** The classes of a button, for links that look like one. */
export function buttonClass({ kind = "secondary", small, wide }: ButtonLook = {}): string {
  return classes("button", `button-${kind}`, small && "button-small", wide && "button-wide");
}
