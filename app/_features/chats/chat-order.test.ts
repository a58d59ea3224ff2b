import { describe, expect, it } from "vitest";
import type { ChatListItem } from "@/engine";
import { filterChats, holdOrder, neighbour } from "./chat-order";

const chat = (chatId: string, more: object = {}) => ({ chatId, type: "individual", title: chatId, unread: 0, ...more }) as ChatListItem;
const ids = (chats: ChatListItem[]) => chats.map((each) => each.chatId);
const show = (chats: ChatListItem[], more: Partial<Parameters<typeof filterChats>[1]> = {}) =>
  ids(filterChats(chats, { filter: "all", search: "", openChatId: null, nameOf: (each) => each.title, ...more }));

describe("held order", () => {
  it("keeps rows where they are while the list is held", () => {
    expect(ids(holdOrder([chat("c"), chat("a"), chat("b")], ["a", "b", "c"]))).toEqual(["a", "b", "c"]);
  });

  it("adds new chats at the end and drops those that are gone", () => {
    expect(ids(holdOrder([chat("new"), chat("b"), chat("a")], ["a", "gone", "b"]))).toEqual(["a", "b", "new"]);
  });

  it("takes the newest content of each row", () => {
    expect(holdOrder([chat("a", { unread: 4 })], ["a"])[0]?.unread).toBe(4);
  });
});

describe("filter", () => {
  const chats = [
    chat("1", { title: "Ana Ribeiro", unread: 2 }),
    chat("2", { title: "Oluwaseun Adébáyò" }),
    chat("3", { title: "ليلى", type: "group" }),
  ];

  it("shows unread chats, and the open one until another is opened", () => {
    expect(show(chats, { filter: "unread" })).toEqual(["1"]);
    expect(show(chats, { filter: "unread", openChatId: "2" })).toEqual(["1", "2"]);
  });

  it("shows groups", () => {
    expect(show(chats, { filter: "groups" })).toEqual(["3"]);
  });

  it("finds names by any of their words, without case and accents", () => {
    expect(show(chats, { search: "adebayo" })).toEqual(["2"]);
    expect(show(chats, { search: "  RIB ana" })).toEqual(["1"]);
    expect(show(chats, { search: "ليل" })).toEqual(["3"]);
    expect(show(chats, { search: "nobody" })).toEqual([]);
  });
});

describe("neighbour", () => {
  const chats = [chat("a"), chat("b"), chat("c")];

  it("goes down and up and stops at the ends", () => {
    expect(neighbour(chats, "b", 1)).toBe("c");
    expect(neighbour(chats, "b", -1)).toBe("a");
    expect(neighbour(chats, "c", 1)).toBeUndefined();
    expect(neighbour(chats, "a", -1)).toBeUndefined();
  });

  it("begins at the top when no chat is open", () => {
    expect(neighbour(chats, null, 1)).toBe("a");
    expect(neighbour(chats, null, -1)).toBeUndefined();
  });
});
