/** Arabic, complete. */
import type { PartialMessages } from "../messages";
import auth from "./ar/auth.json";
import chats from "./ar/chats.json";
import contacts from "./ar/contacts.json";
import messageWords from "./ar/messages.json";
import recovery from "./ar/recovery.json";
import settings from "./ar/settings.json";
import shell from "./ar/shell.json";
import unsupported from "./ar/unsupported.json";

export const messages: PartialMessages = { shell, auth, recovery, unsupported, settings, chats, messages: messageWords, contacts };
