import { beforeEach, expect, test } from "vitest";
import type { UserId } from "@/server/contract/ids";
import { TYPING_ENDS_MS } from "@/server/contract/limits";
import { createManualClock, type ManualClock } from "@/server/testing/manual-clock";
import { createTypingPeople, type TypingPeople } from "./typing-people";

const [alice, bob] = ["alice", "bob"] as UserId[] as [UserId, UserId];
let clock: ManualClock;
let seen: UserId[][];
let typing: TypingPeople;
beforeEach(() => {
  clock = createManualClock();
  seen = [];
  typing = createTypingPeople({ setTimer: clock.setTimer, changed: () => void seen.push(typing.people()) });
});

test("typing ends by itself six seconds after the last word of it", () => {
  typing.typing(alice);
  clock.advance(3_000);
  typing.typing(alice);
  clock.advance(TYPING_ENDS_MS - 1);
  expect(seen).toEqual([[alice]]);
  clock.advance(1);
  expect(seen).toEqual([[alice], []]);
});

test("it ends at once when they let it be or their message comes, and the others go on", () => {
  typing.typing(alice);
  typing.typing(bob);
  typing.stopped(alice);
  typing.stopped(alice);
  expect(seen).toEqual([[alice], [alice, bob], [bob]]);
  clock.advance(TYPING_ENDS_MS);
  expect(seen.at(-1)).toEqual([]);
  expect(seen).toHaveLength(4);
});

test("nothing is told once it is closed", () => {
  typing.typing(alice);
  typing.close();
  clock.advance(TYPING_ENDS_MS);
  expect(seen).toEqual([[alice]]);
});
