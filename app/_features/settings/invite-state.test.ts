import { expect, test } from "vitest";
import { inviteState } from "./invite-state";

test("an invitation is open until it is used or its time is over", () => {
  expect(inviteState({ usedBy: null, expiresAtMs: 100 }, 99)).toBe("open");
  expect(inviteState({ usedBy: null, expiresAtMs: 100 }, 100)).toBe("expired");
  expect(inviteState({ usedBy: "ana", expiresAtMs: 100 }, 200)).toBe("used");
});
