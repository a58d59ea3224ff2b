/** A native button: nothing on the first screens needs more, and it costs no script. */
import type { ComponentProps, MouseEvent } from "react";
import { type ButtonLook, buttonClass } from "./button-class";
import { classes } from "./classes";
import { Spinner } from "./spinner";
import { useHydrated } from "./use-hydrated";

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
