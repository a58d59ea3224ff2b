import { expect, it } from "vitest";
import { digitGroups } from "./digit-groups";

it("makes twelve groups of five from sixty digits", () => {
  const digits = Array.from({ length: 60 }, (_, index) => index % 10).join("");
  expect(digitGroups(digits)).toHaveLength(12);
  expect(digitGroups(digits).join("")).toBe(digits);
  expect(digitGroups(digitGroups(digits).join(" "))).toEqual(digitGroups(digits));
});
