"use client";
/** Adds the words of the signed-in app to those of the first page. */
import { type ReactNode, useMemo } from "react";
import { IntlProvider, useLocale, useMessages, useTimeZone } from "use-intl";
import { mergeMessages, type PartialMessages } from "./messages";
import chats from "./messages/en/chats.json";
import contacts from "./messages/en/contacts.json";
import messages from "./messages/en/messages.json";
import settings from "./messages/en/settings.json";

const APP_MESSAGES = { chats, contacts, messages, settings };

export function AppWords({ children }: { children: ReactNode }) {
  const above = useMessages() as PartialMessages;
  const words = useMemo(() => mergeMessages<PartialMessages>(APP_MESSAGES, above), [above]);
  return (
    <IntlProvider locale={useLocale()} messages={words} timeZone={useTimeZone()}>
      {children}
    </IntlProvider>
  );
}
