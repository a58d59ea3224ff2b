import { describe, expect, it } from "vitest";
import { createDraftSaver, DRAFT_SAVE_MS } from "./draft-saver";

function setUp() {
  const saved: string[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  const saver = createDraftSaver({
    save: (text) => saved.push(text),
    later(run, ms) {
      const timer = { run, ms };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  });
  return { saver, saved, timers };
}

describe("draft saver", () => {
  it("saves the newest text within 300 ms of the first key, even while typing goes on", () => {
    const { saver, saved, timers } = setUp();
    for (const text of ["h", "he", "hey"]) saver.changed(text);
    expect(timers).toHaveLength(1);
    expect(timers[0]?.ms).toBe(DRAFT_SAVE_MS);
    expect(DRAFT_SAVE_MS).toBeLessThanOrEqual(300);
    timers[0]?.run();
    expect(saved).toEqual(["hey"]);
  });

  it("saves at once when the chat or page is left, and only what is new", () => {
    const { saver, saved, timers } = setUp();
    saver.changed("half a thou");
    saver.flush();
    saver.flush();
    expect(saved).toEqual(["half a thou"]);
    expect(timers).toHaveLength(0);
  });

  it("clears the draft on send without saving the text once more", () => {
    const { saver, saved, timers } = setUp();
    saver.changed("sent text");
    saver.sent();
    expect(saved).toEqual([""]);
    expect(timers).toHaveLength(0);
  });
});
