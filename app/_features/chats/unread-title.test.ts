import { expect, it } from "vitest";
import { countUnreadChats, titleWithCount } from "./unread-title";

it("counts chats, not messages", () => {
  expect(countUnreadChats([{ unread: 12 }, { unread: 0 }, { unread: 1 }])).toBe(2);
});

it("puts the number before the title and takes it away at 0", () => {
  expect(titleWithCount("Parley", 3)).toBe("(3) Parley");
  expect(titleWithCount("(3) Parley", 12)).toBe("(12) Parley");
  expect(titleWithCount("(3) Parley", 0)).toBe("Parley");
});
