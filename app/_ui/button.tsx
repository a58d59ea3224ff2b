/** A native button: nothing on the first screens needs more, and it costs no script. */
import type { ComponentProps, MouseEvent } from "react";
import { classes } from "./classes";
import { Spinner } from "./spinner";
import { useHydrated } from "./use-hydrated";

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

export type ButtonProps = ComponentProps<"button"> & ButtonLook & { busy?: boolean };

/** A button. While `busy` it keeps its focus and its name, shows a spinner, and does nothing. */
export function Button({ kind, small, wide, busy, className, children, onClick, type = "button", ...rest }: ButtonProps) {
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (busy) event.preventDefault();
    else onClick?.(event);
  };
  // NOTE: before the script runs the browser itself would submit the form: a password in the address.
  const early = !useHydrated() && type === "submit";
  return (
    <button
      {...rest}
      type={type}
      disabled={early || rest.disabled}
      className={classes(buttonClass({ kind, small, wide }), className)}
      aria-disabled={busy || rest["aria-disabled"]}
      aria-busy={busy || undefined}
      onClick={press}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
