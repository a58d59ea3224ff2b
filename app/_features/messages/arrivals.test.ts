import { describe, expect, it } from "vitest";
import { createArrivals } from "./arrivals";

function setUp() {
  const said: string[] = [];
  let pending: (() => void) | null = null;
  const arrivals = createArrivals({
    later(run) {
      pending = run;
      return () => {
        pending = null;
      };
    },
    say: (words) => said.push(words),
    countWords: (count) => `${count} new messages`,
  });
  const endWindow = () => {
    const run = pending;
    pending = null;
    run?.();
  };
  return { arrivals, said, endWindow };
}

describe("announcing arrivals", () => {
  it("says one message at once and once", () => {
    const { arrivals, said, endWindow } = setUp();
    arrivals.add(["Ana: hi"]);
    endWindow();
    endWindow();
    expect(said).toEqual(["Ana: hi"]);
  });

  it("says only the number when many come together", () => {
    const { arrivals, said } = setUp();
    arrivals.add(["Ana: 1", "Ana: 2", "Ana: 3"]);
    expect(said).toEqual(["3 new messages"]);
  });

  it("says the number of those that follow quickly", () => {
    const { arrivals, said, endWindow } = setUp();
    arrivals.add(["Ana: 1"]);
    arrivals.add(["Ana: 2"]);
    arrivals.add(["Ana: 3"]);
    expect(said).toEqual(["Ana: 1"]);
    endWindow();
    expect(said).toEqual(["Ana: 1", "2 new messages"]);
  });

  it("says messages that come slowly one by one", () => {
    const { arrivals, said, endWindow } = setUp();
    for (const text of ["Ana: 1", "Ana: 2", "Ana: 3", "Ana: 4"]) {
      arrivals.add([text]);
      endWindow();
    }
    expect(said).toEqual(["Ana: 1", "Ana: 2", "Ana: 3", "Ana: 4"]);
  });

  it("says nothing for nothing", () => {
    const { arrivals, said } = setUp();
    arrivals.add([]);
    expect(said).toEqual([]);
  });
});
