import { CircleAlert } from "lucide-react";
import { type ChangeEvent, type ComponentProps, type ReactNode, type RefObject, useEffect, useId, useRef } from "react";
import { classes } from "./classes";

export type TextFieldProps = Omit<ComponentProps<"input">, "id" | "ref"> & {
  ref?: RefObject<HTMLInputElement | null>;
  label: string;
  /** The rules, or how it is going; gives way to an error. */
  hint?: ReactNode;
  /** What is wrong and what to do: shown beside the field and read with it. */
  error?: string | null;
  /** At the end of the line, e.g. an icon button. */
  end?: ReactNode;
  /** Between the input and its hint, e.g. a strength meter. */
  below?: ReactNode;
};

/** One labelled line of text. The label is its accessible name, hint and error its description. */
export function TextField({ label, hint, error, end, below, className, ...input }: TextFieldProps) {
  const id = useId();
  const ref = useTypedEarly(input);
  const showsHint = hint != null && !error;
  const described = classes(showsHint && `${id}-hint`, Boolean(error) && `${id}-error`);
  return (
    <div className={classes("field", className)}>
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="field-line">
        <input
          {...input}
          ref={ref}
          id={id}
          className="input"
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
          aria-required={input.required}
          required={false}
        />
        {end}
      </div>
      {below}
      {error && (
        <p id={`${id}-error`} className="field-note text-danger">
          <CircleAlert className="icon icon-14" aria-hidden="true" />
          <span>{error}</span>
        </p>
      )}
      {showsHint && (
        <div id={`${id}-hint`} className="field-hint">
          {hint}
        </div>
      )}
    </div>
  );
}

/** Takes over what was typed, or filled in by a password manager, before the script ran. */
function useTypedEarly({
  ref: given,
  value,
  onChange,
}: Pick<TextFieldProps, "ref" | "value" | "onChange">): RefObject<HTMLInputElement | null> {
  const own = useRef<HTMLInputElement>(null);
  const ref = given ?? own;
  const first = useRef({ value, onChange });
  useEffect(() => {
    const { current: input } = ref;
    if (!input || input.value === "" || input.value === first.current.value) return;
    first.current.onChange?.({ target: input, currentTarget: input } as ChangeEvent<HTMLInputElement>);
  }, [ref]);
  return ref;
}
