"use client";
import type { ReactNode } from "react";
import chats from "./messages/en/chats.json";
import contacts from "./messages/en/contacts.json";
import messages from "./messages/en/messages.json";
import settings from "./messages/en/settings.json";
import { MoreWords } from "./more-words";

const APP_WORDS = { chats, contacts, messages, settings };

/** The words of the signed-in app. */
export function AppWords({ children }: { children: ReactNode }) {
  return <MoreWords words={APP_WORDS}>{children}</MoreWords>;
}
