"use client";
/** The preferences of this browser, shared by its tabs. */
import { createContext, type ReactNode, useCallback, useContext, useLayoutEffect, useMemo, useState } from "react";
import { applyPreferences, DEFAULT_PREFERENCES, PREFERENCES_KEY, type Preferences, parsePreferences } from "./preferences";

export type { Preferences } from "./preferences";

type PreferencesContextValue = {
  preferences: Preferences;
  /** False during the first render: what is stored has not been read yet. */
  known: boolean;
  change: (change: Partial<Preferences>) => void;
};
const PreferencesContext = createContext<PreferencesContextValue>({ preferences: DEFAULT_PREFERENCES, known: false, change: () => {} });

function readStored(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(PREFERENCES_KEY));
  } catch {
    return DEFAULT_PREFERENCES; // storage is blocked
  }
}

function store(preferences: Preferences): void {
  try {
    localStorage.setItem(PREFERENCES_KEY, JSON.stringify(preferences));
  } catch {
    // Blocked or full: the choice holds until the page is closed.
  }
}

/** The first render uses the defaults, as the static page does; the stored preferences follow before the first paint. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [preferences, setPreferences] = useState<Preferences | null>(null);
  useLayoutEffect(() => {
    setPreferences(readStored());
    const follow = (event: StorageEvent) => {
      if (event.key !== PREFERENCES_KEY) return;
      const next = parsePreferences(event.newValue);
      applyPreferences(next, document.documentElement);
      setPreferences(next);
    };
    addEventListener("storage", follow);
    return () => removeEventListener("storage", follow);
  }, []);
  const change = useCallback((part: Partial<Preferences>) => {
    const next = { ...readStored(), ...part };
    store(next);
    applyPreferences(next, document.documentElement);
    setPreferences(next);
  }, []);
  const value = useMemo(
    () => ({ preferences: preferences ?? DEFAULT_PREFERENCES, known: preferences !== null, change }),
    [preferences, change],
  );
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

/** Theme, density, text size, whether Enter sends, language; and how to change them. */
export function usePreferences(): PreferencesContextValue {
  return useContext(PreferencesContext);
}
