import { describe, expect, it } from "vitest";
import { createReadTracker } from "./read-tracker";

function setUp() {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; run: () => void }>();
  const read: number[] = [];
  const tracker = createReadTracker({
    now: () => nowMs,
    later(run, ms) {
      const timer = { atMs: nowMs + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    markRead: (seq) => read.push(seq),
  });
  function pass(ms: number) {
    const end = nowMs + ms;
    for (;;) {
      const next = [...timers].filter((timer) => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      timers.delete(next);
      nowMs = next.atMs;
      next.run();
    }
    nowMs = end;
  }
  return { tracker, read, pass };
}

describe("read tracker", () => {
  it("marks a message read after a second in a focused window", () => {
    const { tracker, read, pass } = setUp();
    tracker.focus(true);
    tracker.visible(3, true);
    pass(999);
    expect(read).toEqual([]);
    pass(1);
    expect(read).toEqual([3]);
  });

  it("marks nothing while the window has no focus, and waits a second after it comes back", () => {
    const { tracker, read, pass } = setUp();
    tracker.visible(3, true);
    pass(60_000);
    expect(read).toEqual([]);
    tracker.focus(true);
    pass(500);
    tracker.focus(false);
    tracker.focus(true);
    pass(999);
    expect(read).toEqual([]);
    pass(1);
    expect(read).toEqual([3]);
  });

  it("does not mark a message that was scrolled past, unless a later one was read", () => {
    const { tracker, read, pass } = setUp();
    tracker.focus(true);
    tracker.visible(8, true);
    pass(300);
    tracker.visible(8, false);
    tracker.visible(5, true);
    pass(2_000);
    expect(read).toEqual([5]);
    tracker.visible(9, true);
    pass(2_000);
    expect(read).toEqual([5, 9]);
  });

  it("says a position once and never a lower one", () => {
    const { tracker, read, pass } = setUp();
    tracker.focus(true);
    tracker.reset(4);
    tracker.visible(2, true);
    tracker.visible(6, true);
    pass(1_000);
    tracker.visible(6, false);
    tracker.visible(6, true);
    pass(5_000);
    expect(read).toEqual([6]);
  });
});
