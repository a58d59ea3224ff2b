import { beforeEach, expect, test } from "vitest";
import { TYPING_EVERY_MS } from "@/server/contract/limits";
import { createManualClock, type ManualClock } from "@/server/testing/manual-clock";
import { createTypingSignal, type TypingSignal } from "./typing-signal";

let clock: ManualClock;
let told: string[];
let signal: TypingSignal;
beforeEach(() => {
  clock = createManualClock();
  told = [];
  signal = createTypingSignal({ now: clock.now, tell: (state) => void told.push(`${state} at ${clock.now()}`) });
});

/** A key each 200 ms. */
function types(ms: number): void {
  for (let i = 0; i < ms / 200; i++) {
    signal.typed();
    clock.advance(200);
  }
}

test("others are told at the first key and then every three seconds", () => {
  types(6_400);
  expect(told).toEqual(["typing at 0", "typing at 3000", "typing at 6000"]);
});

test("that it was let be is told once, and only if typing was told", () => {
  signal.stopped();
  types(1_000);
  signal.stopped();
  signal.stopped();
  expect(told).toEqual(["typing at 0", "stopped at 1000"]);
});

test("writing and erasing in turns tells no more than writing alone", () => {
  for (let i = 0; i < 100; i++) {
    signal.typed();
    signal.stopped();
    clock.advance(TYPING_EVERY_MS / 100);
  }
  expect(told).toEqual(["typing at 0", "stopped at 0"]);
});

test("the next message's first key is told at once, and the one that went out needs no end", () => {
  types(400);
  signal.sent();
  signal.stopped();
  types(200);
  expect(told).toEqual(["typing at 0", "typing at 400"]);
});
