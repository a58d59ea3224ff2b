import { expect, test } from "vitest";
import { createCalendar } from "./calendar";
import { standingOf } from "./standing";

const words = { today: "Today", yesterday: "Yesterday" };
const calendar = createCalendar({ locale: "en-GB", timeZone: "Europe/Berlin", words });
const at = (text: string) => Date.parse(text);
const now = at("2026-11-24T15:00:00+01:00");
const seen = (text: string) => standingOf({ state: "offline", lastSeenMs: at(text), typing: [] }, calendar, now);

test("who is typing is said before anything else", () => {
  expect(standingOf({ state: "online", typing: ["bea"] }, calendar, now)).toEqual({ kind: "typing", names: ["bea"] });
  expect(standingOf({ state: "hidden", typing: ["bea", "tom"] }, calendar, now)).toEqual({ kind: "typing", names: ["bea", "tom"] });
  expect(standingOf({ state: "online", typing: [] }, calendar, now)).toEqual({ kind: "online" });
});

test("last seen is told by the clock today and yesterday, and by the day before that", () => {
  expect(seen("2026-11-24T00:10:00+01:00")).toEqual({ kind: "seen", day: "today", time: "00:10" });
  expect(seen("2026-11-23T23:59:00+01:00")).toEqual({ kind: "seen", day: "yesterday", time: "23:59" });
  expect(seen("2026-11-20T10:00:00+01:00")).toEqual({ kind: "seen", day: "earlier", date: "Friday" });
  expect(seen("2025-11-14T10:00:00+01:00")).toEqual({ kind: "seen", day: "earlier", date: "14 Nov 2025" });
});

test("a server whose clock is ahead has seen nobody tomorrow", () => {
  expect(seen("2026-11-25T00:01:00+01:00")).toEqual({ kind: "seen", day: "today", time: "00:01" });
});

test("nothing is said of who hides it, nor of who was never here", () => {
  expect(standingOf({ state: "hidden", typing: [] }, calendar, now)).toEqual({ kind: "nothing" });
  expect(standingOf({ state: "offline", typing: [] }, calendar, now)).toEqual({ kind: "nothing" });
});
