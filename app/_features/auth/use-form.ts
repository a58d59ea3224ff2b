"use client";
import { type FormEvent, type RefObject, useEffect, useRef, useState } from "react";

/** What is wrong: beside fields, or with the whole. */
export type Problems<Field extends string> = { fields?: Partial<Record<Field, string>>; form?: string };

export type Form<Field extends string> = {
  ref: RefObject<HTMLFormElement | null>;
  busy: boolean;
  /** Errors by field. */
  errors: Partial<Record<Field, string>>;
  /** What is wrong with the whole, or null. */
  failure: string | null;
  /** For `onSubmit`: runs `work` unless it is running; focus goes to the first field with an error. */
  submit: (work: () => Promise<Problems<Field> | null>) => (event: FormEvent) => void;
  /** The field was changed: its error goes. */
  clear: (field: Field) => void;
};

/** A form's state. `work` answers with what is wrong, or null when all went well. */
export function useForm<Field extends string>(): Form<Field> {
  const ref = useRef<HTMLFormElement>(null);
  const running = useRef(false);
  const [busy, setBusy] = useState(false);
  const [problems, setProblems] = useState<Problems<Field>>({});

  useEffect(() => {
    if (problems.fields) ref.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problems]);

  const run = async (work: () => Promise<Problems<Field> | null>) => {
    running.current = true;
    setBusy(true);
    try {
      setProblems((await work()) ?? {});
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return {
    ref,
    busy,
    errors: problems.fields ?? {},
    failure: problems.form ?? null,
    submit: (work) => (event) => {
      event.preventDefault();
      if (!running.current) void run(work);
    },
    clear: (field) =>
      setProblems((before) => (before.fields?.[field] ? { form: before.form, fields: { ...before.fields, [field]: undefined } } : before)),
  };
}
