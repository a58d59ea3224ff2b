/** Reading and writing in one chat. */
export { dateLocale } from "./calendar";
export { useChatName } from "./chat-name";
export { Conversation } from "./conversation";
export { useCalendar, useToday } from "./use-calendar";
export { useKept } from "./use-kept";
export { useTypingWords } from "./use-standing";
