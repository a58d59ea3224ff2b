"use client";
import { useCallback, useEffect, useState } from "react";
import type { Outcome } from "@/engine";
import { useFailureText } from "../shell";

export type Fetched<T> = {
  /** Undefined until it arrives. */
  value: T | undefined;
  failure: string | null;
  reload: () => void;
};

/** Something the engine asks the server for when the screen opens. `ask` must keep its identity. */
export function useFetched<T>(ask: (input: Record<string, never>) => Promise<Outcome<T>>): Fetched<T> {
  const failureText = useFailureText();
  const [state, setState] = useState<{ value?: T; failed?: Extract<Outcome<T>, { ok: false }> }>({});
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks again
  useEffect(() => {
    let current = true;
    void ask({}).then((outcome) => {
      if (!current) return;
      setState((before) => (outcome.ok ? { value: outcome.value } : { ...before, failed: outcome }));
    });
    return () => {
      current = false;
    };
  }, [ask, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { value: state.value, failure: state.failed ? failureText(state.failed) : null, reload };
}
