"use client";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Estimator, judgePassword, loadEstimator, type Strength } from "./password-strength";

/** Estimating takes tens of milliseconds: it waits for a pause between two keys. */
const PAUSE_MS = 150;

export type PasswordStrength = {
  /** The verdict on what is typed so far. */
  strength: Strength;
  /** The verdict to decide by: waits for the word lists. Without them (offline) the length alone counts. */
  judge: () => Promise<Strength>;
};

/** Judges the password being typed. `words`: the user name and the like, which must not make it better. */
export function usePasswordStrength(password: string, words: readonly string[]): PasswordStrength {
  const [loading, setLoading] = useState<Promise<Estimator | null> | null>(null);
  const [loaded, setLoaded] = useState<{ estimate: Estimator | null }>({ estimate: null });
  const begun = password !== "";
  useEffect(() => {
    if (!begun || loading) return;
    const started = loadEstimator().catch(() => null);
    setLoading(started);
    void started.then((estimate) => setLoaded({ estimate }));
  }, [begun, loading]);

  const known = words.filter((word) => word.length > 2).join("\n");
  const settled = useSettled(password);
  const strength = useMemo(
    () => judgePassword(settled, settled && loaded.estimate ? loaded.estimate(settled, known.split("\n")) : null),
    [settled, loaded, known],
  );
  const judge = useCallback(async () => {
    const estimate = await loading;
    return judgePassword(password, password && estimate ? estimate(password, known.split("\n")) : null);
  }, [password, known, loading]);
  return { strength, judge };
}

/** The value once it has not changed for a moment; an emptied one at once. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === "" ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
