import { expect, test } from "vitest";
import {
  applyPreferences,
  chooseLanguage,
  DEFAULT_PREFERENCES,
  directionOf,
  LANGUAGES,
  PREFERENCES_KEY,
  parsePreferences,
} from "./preferences";
import { preferencesScript } from "./preferences-script";

function makeRoot() {
  return { dataset: {} as Record<string, string>, style: { fontSize: "" }, lang: "en", dir: "ltr" };
}
type Root = ReturnType<typeof makeRoot>;

/** Runs the inline script in a page that holds `stored` and speaks `languages`. */
function runScript(stored: string | null, languages: string[]): Root {
  const documentElement = makeRoot();
  const localStorage = { getItem: (key: string) => (key === PREFERENCES_KEY ? stored : null) };
  new Function("document", "localStorage", "navigator", preferencesScript)({ documentElement }, localStorage, { languages });
  return documentElement;
}
const apply = (stored: string | null): Root => {
  const root = makeRoot();
  applyPreferences(parsePreferences(stored), root as never);
  return root;
};

test("keeps the defaults when nothing, nonsense or another shape is stored", () => {
  for (const stored of [null, "", "{", "null", "[]", '{"theme":"pink","density":7,"textPercent":"x","language":"tlh"}'])
    expect(parsePreferences(stored)).toEqual(DEFAULT_PREFERENCES);
});

test("keeps what was chosen, and bounds the text size", () => {
  const chosen = { theme: "dark", density: "compact", textPercent: 120, enterSends: false, language: "ar" };
  expect(parsePreferences(JSON.stringify(chosen))).toEqual(chosen);
  expect(parsePreferences('{"textPercent":900}').textPercent).toBe(150);
  expect(parsePreferences('{"textPercent":1}').textPercent).toBe(85);
});

test("shows a theme, a density and a text size on the root, and takes them back", () => {
  const root = makeRoot();
  applyPreferences({ ...DEFAULT_PREFERENCES, theme: "dark", density: "compact", textPercent: 130 }, root as never);
  expect(root).toMatchObject({ dataset: { theme: "dark", density: "compact" }, style: { fontSize: "130%" } });
  applyPreferences(DEFAULT_PREFERENCES, root as never);
  expect(root).toMatchObject({ dataset: {}, style: { fontSize: "" } });
});

test("chooses the first language it has, else English", () => {
  expect(chooseLanguage("system", ["fr-FR", "ar-EG", "en"])).toBe("ar");
  expect(chooseLanguage("system", ["fr-FR", "de"])).toBe("en");
  expect(chooseLanguage("en", ["ar"])).toBe("en");
  expect(directionOf("ar")).toBe("rtl");
});

test("the script before the first paint shows the same as the app does later", () => {
  const stores = [
    null,
    "{",
    "null",
    ...["light", "dark", "system"].map((theme) => JSON.stringify({ theme, density: "compact", textPercent: 115 })),
    JSON.stringify({ textPercent: 100 }),
  ];
  for (const stored of stores) {
    const { dataset, style } = runScript(stored, ["en"]);
    expect({ dataset, style }).toEqual({ dataset: apply(stored).dataset, style: apply(stored).style });
  }
});

test("the script hides the words exactly when another language than English is coming", () => {
  for (const languages of [["fr", "ar"], ["en-GB"], ["AR-eg"], [], ["de"]])
    for (const preferred of ["system", ...LANGUAGES] as const) {
      const root = runScript(JSON.stringify({ language: preferred }), languages);
      const language = chooseLanguage(preferred, languages);
      expect([root.lang, root.dir, "languagePending" in root.dataset]).toEqual([language, directionOf(language), language !== "en"]);
    }
});
