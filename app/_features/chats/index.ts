/** The list of chats and the screen it shares with the open one. */
export { ChatsScreen } from "./chats-screen";
