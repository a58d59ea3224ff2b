import { expect, it } from "vitest";
import { withoutFinalStop } from "./article-name";

it("drops the one full stop that the name itself sets, and nothing else", () => {
  expect(withoutFinalStop("Matches: yes, two boxes.")).toBe("Matches: yes, two boxes");
  expect(withoutFinalStop("Really?")).toBe("Really?");
  expect(withoutFinalStop("Well...")).toBe("Well...");
  expect(withoutFinalStop("")).toBe("");
});
