import { expect, it } from "vitest";
import { nextPlace } from "./log-keys";

it("enters the log at its newest message", () => {
  expect(nextPlace("ArrowUp", -1, 30)).toBe(29);
  expect(nextPlace("ArrowDown", -1, 30)).toBe(29);
});

it("moves by one, by ten, to the ends", () => {
  expect(nextPlace("ArrowUp", 29, 30)).toBe(28);
  expect(nextPlace("ArrowDown", 29, 30)).toBe(29);
  expect(nextPlace("PageUp", 29, 30)).toBe(19);
  expect(nextPlace("PageUp", 4, 30)).toBe(0);
  expect(nextPlace("PageDown", 25, 30)).toBe(29);
  expect(nextPlace("Home", 12, 30)).toBe(0);
  expect(nextPlace("End", 12, 30)).toBe(29);
});

it("asks for older messages beyond the first one", () => {
  expect(nextPlace("ArrowUp", 0, 30)).toBe("older");
  expect(nextPlace("PageUp", 0, 30)).toBe("older");
});

it("leaves other keys and an empty log alone", () => {
  expect(nextPlace("a", 3, 30)).toBe(-1);
  expect(nextPlace("ArrowUp", -1, 0)).toBe(-1);
});
