import { expect, it } from "vitest";
import { anchorCorrection, isStuck } from "./stick-to-bottom";

const box = (scrollTop: number) => ({ scrollTop });

it("follows new messages up to 40 px from the end and not beyond", () => {
  expect(isStuck(box(0))).toBe(true);
  expect(isStuck(box(-40))).toBe(true);
  expect(isStuck(box(-41))).toBe(false);
});

it("moves the log by as much as the held row moved", () => {
  expect(anchorCorrection({ key: "b", offset: -300 }, -812)).toBe(-512);
  expect(anchorCorrection({ key: "b", offset: -300 }, -300.3)).toBe(0);
});
