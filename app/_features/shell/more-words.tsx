"use client";
/** Adds words to those of the first page, for what stands below. A language other than English brings all of its words at once. */
import { type ReactNode, useMemo } from "react";
import { IntlProvider, useLocale, useMessages, useTimeZone } from "use-intl";
import { mergeMessages, type PartialMessages } from "./messages";

/** `words`: the English ones; always the same object. */
export function MoreWords({ words, children }: { words: PartialMessages; children: ReactNode }) {
  const above = useMessages() as PartialMessages;
  const messages = useMemo(() => mergeMessages<PartialMessages>(words, above), [words, above]);
  return (
    <IntlProvider locale={useLocale()} messages={messages} timeZone={useTimeZone()}>
      {children}
    </IntlProvider>
  );
}
