/** How this browser shows the app. Kept in localStorage, not with the account: it has to be known before the first paint. */

export const PREFERENCES_KEY = "parley.preferences";
export const MIN_TEXT_PERCENT = 85;
export const MAX_TEXT_PERCENT = 150;

export type Preferences = {
  theme: "system" | "light" | "dark";
  density: "comfortable" | "compact";
  textPercent: number;
  enterSends: boolean;
  /** "system" follows the browser's languages. */
  language: "system" | Language;
};

export const LANGUAGES = ["en", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];
const RIGHT_TO_LEFT: readonly Language[] = ["ar"];

export const DEFAULT_PREFERENCES: Preferences = {
  theme: "system",
  density: "comfortable",
  textPercent: 100,
  enterSends: true,
  language: "system",
};

const oneOf = <Value>(values: readonly Value[], value: unknown, otherwise: Value): Value =>
  values.includes(value as Value) ? (value as Value) : otherwise;

/** What is stored, with every missing or strange value replaced by its default. */
export function parsePreferences(stored: string | null): Preferences {
  let raw: Record<string, unknown> = {};
  try {
    raw = (JSON.parse(stored ?? "{}") as Record<string, unknown> | null) ?? {};
  } catch {
    // Not ours, or cut off: the defaults hold.
  }
  const percent = Number(raw.textPercent ?? 100);
  return {
    theme: oneOf(["system", "light", "dark"], raw.theme, DEFAULT_PREFERENCES.theme),
    density: oneOf(["comfortable", "compact"], raw.density, DEFAULT_PREFERENCES.density),
    textPercent: Number.isFinite(percent) ? Math.round(Math.min(MAX_TEXT_PERCENT, Math.max(MIN_TEXT_PERCENT, percent))) : 100,
    enterSends: raw.enterSends !== false,
    language: oneOf(["system", ...LANGUAGES], raw.language, DEFAULT_PREFERENCES.language),
  };
}

/** The language to show: the chosen one, else the first of the browser's that we have, else English. */
export function chooseLanguage(preferred: Preferences["language"], browserLanguages: readonly string[]): Language {
  if (preferred !== "system") return preferred;
  for (const tag of browserLanguages) {
    const language = LANGUAGES.find((known) => tag.toLowerCase().split("-")[0] === known);
    if (language) return language;
  }
  return "en";
}

export function directionOf(language: Language): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}

type Root = Pick<HTMLElement, "dataset" | "style">;

/** Shows them on the root element. The language is applied with its words, not here. */
export function applyPreferences({ theme, density, textPercent }: Preferences, root: Root): void {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  if (density === "compact") root.dataset.density = density;
  else delete root.dataset.density;
  root.style.fontSize = textPercent === 100 ? "" : `${textPercent}%`;
}
