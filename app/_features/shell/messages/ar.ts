/** Arabic: covers the frame, sign-up and sign-in, settings for the most part, and what chats have translated. */
import type { PartialMessages } from "../messages";
import auth from "./ar/auth.json";
import chats from "./ar/chats.json";
import messageWords from "./ar/messages.json";
import settings from "./ar/settings.json";
import shell from "./ar/shell.json";

export const messages: PartialMessages = { shell, auth, settings, chats, messages: messageWords };
