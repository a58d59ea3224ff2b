import { expect, test } from "vitest";
import { createDates } from "./dates";

const NOON = Date.UTC(2026, 10, 24, 12);
const dates = createDates("en-GB", "Europe/Berlin");

test("a date is written in the language and the time zone", () => {
  expect(dates.day(NOON)).toBe("24 Nov 2026");
  expect(dates.minute(NOON)).toBe("24 Nov 2026, 13:00");
  expect(createDates("en-GB", "Pacific/Auckland").day(NOON)).toBe("25 Nov 2026");
});

test("an age is told in its largest whole unit", () => {
  expect(dates.ago(NOON - 59_000, NOON)).toBe("now");
  expect(dates.ago(NOON - 119_000, NOON)).toBe("1 minute ago");
  expect(dates.ago(NOON - 3 * 3_600_000, NOON)).toBe("3 hours ago");
  expect(dates.ago(NOON - 86_400_000, NOON)).toBe("yesterday");
  expect(dates.ago(NOON - 40 * 86_400_000, NOON)).toBe("40 days ago");
});

test("a clock that runs behind the server's shows no future", () => {
  expect(dates.ago(NOON + 90_000, NOON)).toBe("now");
});
