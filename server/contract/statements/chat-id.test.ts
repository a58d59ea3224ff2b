import { expect, test } from "vitest";
import { ChatId, type UserId } from "../ids";
import { individualChatId, membersFit } from "./chat-id";
import { fixedUserId } from "./test-account";

const [alice, bob, carol] = [fixedUserId("alice"), fixedUserId("bob"), fixedUserId("carol")];
const chatId = individualChatId(alice, bob);
const ownChatId = individualChatId(alice, alice);

test("the ids of chats are frozen", () => {
  expect({ alice, bob, chatId, ownChatId }).toMatchInlineSnapshot(`
    {
      "alice": "229ca977-1523-f979-9c87-01dd812e2761",
      "bob": "56fe812c-c513-2402-8255-c3a5d6457567",
      "chatId": "00ead949-83ea-8ab4-c3b1-0b1c892f9195",
      "ownChatId": "1f00cb06-4ebc-888f-5c79-fb800d42618b",
    }
  `);
});

test("a chat has one id, whoever writes it, in whatever case", () => {
  expect(individualChatId(bob, alice)).toBe(chatId);
  expect(individualChatId(bob.toUpperCase() as UserId, alice)).toBe(chatId);
  expect(ChatId.parse(chatId)).toBe(chatId);
  expect(new Set([chatId, ownChatId, individualChatId(bob, bob), individualChatId(alice, carol)]).size).toBe(4);
});

test("an id fits its own members and no others", () => {
  expect(membersFit(chatId, [alice, bob])).toBe(true);
  expect(membersFit(chatId, [bob, alice])).toBe(true);
  expect(membersFit(ownChatId, [alice])).toBe(true);
  expect(membersFit(ownChatId, [alice, alice])).toBe(true);
  for (const members of [[], [alice], [bob], [alice, carol], [alice, bob, carol], [alice, bob, bob]]) {
    expect(membersFit(chatId, members)).toBe(false);
  }
  expect(() => individualChatId(alice, "bob" as UserId)).toThrow(RangeError);
});
