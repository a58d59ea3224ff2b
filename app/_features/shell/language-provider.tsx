"use client";
/** The words. English is part of the first page; another language is loaded when it is wanted, and lies over English. */
import { type ReactNode, useEffect, useState } from "react";
import { IntlProvider } from "use-intl";
import { firstMessages, mergeMessages, type PartialMessages } from "./messages";
import { chooseLanguage, directionOf, type Language } from "./preferences";
import { usePreferences } from "./preferences-provider";

type Words = { language: Language; messages: PartialMessages };
const ENGLISH: Words = { language: "en", messages: firstMessages };

async function loadWords(language: Language): Promise<Words> {
  switch (language) {
    case "en":
      return ENGLISH;
    case "ar":
      return { language, messages: mergeMessages<PartialMessages>(firstMessages, (await import("./messages/ar")).messages) };
  }
}

/** Shows the words and tells the page their language and direction. If they can't be loaded (offline, never fetched), English stays. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const { preferences, known } = usePreferences();
  const [words, setWords] = useState(ENGLISH);
  useEffect(() => {
    if (!known) return;
    let current = true;
    const show = (next: Words) => {
      if (!current) return;
      setWords(next);
      const root = document.documentElement;
      root.lang = next.language;
      root.dir = directionOf(next.language);
      delete root.dataset.languagePending;
    };
    loadWords(chooseLanguage(preferences.language, navigator.languages)).then(show, () => show(ENGLISH));
    return () => {
      current = false;
    };
  }, [known, preferences.language]);
  return (
    <IntlProvider locale={words.language} messages={words.messages} timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}>
      {children}
    </IntlProvider>
  );
}
