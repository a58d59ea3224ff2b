/** The English words, complete; other languages are laid over them, so that what is not translated yet is in English.
 *  The others come with the screens that say them (more-words.tsx), not with the first page. */

import auth from "./messages/en/auth.json";
import type chats from "./messages/en/chats.json";
import type contacts from "./messages/en/contacts.json";
import type messageWords from "./messages/en/messages.json";
import type recovery from "./messages/en/recovery.json";
import type settings from "./messages/en/settings.json";
import shell from "./messages/en/shell.json";
import type unsupported from "./messages/en/unsupported.json";

/** The words that every page needs. */
export const firstMessages = { shell, auth };

export type Messages = typeof firstMessages & {
  recovery: typeof recovery;
  unsupported: typeof unsupported;
  settings: typeof settings;
  chats: typeof chats;
  messages: typeof messageWords;
  contacts: typeof contacts;
};
/** The words of a language as far as they are translated, or of a part of the app. */
export type PartialMessages = { [Namespace in keyof Messages]?: Partial<Messages[Namespace]> };

declare module "use-intl" {
  interface AppConfig {
    Messages: Messages;
  }
}

/** `over` on top of `base`, namespace by namespace. */
export function mergeMessages<Base extends PartialMessages>(base: Base, over: PartialMessages): Base {
  const merged = { ...base } as Record<string, object>;
  for (const [namespace, words] of Object.entries(over)) merged[namespace] = { ...merged[namespace], ...words };
  return merged as Base;
}
