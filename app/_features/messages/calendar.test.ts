import { describe, expect, it } from "vitest";
import { createCalendar, dateLocale } from "./calendar";

const words = { today: "Today", yesterday: "Yesterday" };
const inBerlin = createCalendar({ locale: "en-GB", timeZone: "Europe/Berlin", words });
const at = (iso: string) => Date.parse(iso);

describe("calendar", () => {
  it("names today and yesterday by the local day, not by elapsed hours", () => {
    const now = at("2026-11-24T00:30:00+01:00");
    expect(inBerlin.heading(at("2026-11-24T00:01:00+01:00"), now)).toBe("Today");
    expect(inBerlin.heading(at("2026-11-23T23:59:00+01:00"), now)).toBe("Yesterday");
    expect(inBerlin.heading(at("2026-11-22T12:00:00+01:00"), now)).toMatch(/^Sunday,? 22 November$/);
  });

  it("adds the year to the heading of another year", () => {
    expect(inBerlin.heading(at("2025-12-31T12:00:00+01:00"), at("2026-01-05T12:00:00+01:00"))).toMatch(/^Wednesday,? 31 December 2025$/);
  });

  it("puts one moment on different days in different time zones", () => {
    const moment = at("2026-11-24T23:30:00Z");
    const inTokyo = createCalendar({ locale: "en-GB", timeZone: "Asia/Tokyo", words });
    expect(inTokyo.dayOf(moment) - createCalendar({ locale: "en-GB", timeZone: "UTC", words }).dayOf(moment)).toBe(1);
    expect(inTokyo.clock(moment)).toBe("08:30");
  });

  it("shortens times in the list: clock, yesterday, weekday, date, date with year", () => {
    const now = at("2026-11-24T15:00:00+01:00");
    expect(inBerlin.short(at("2026-11-24T14:32:00+01:00"), now)).toBe("14:32");
    expect(inBerlin.short(at("2026-11-23T01:00:00+01:00"), now)).toBe("Yesterday");
    expect(inBerlin.short(at("2026-11-18T01:00:00+01:00"), now)).toBe("Wednesday");
    expect(inBerlin.short(at("2026-11-17T01:00:00+01:00"), now)).toBe("17 Nov");
    expect(inBerlin.short(at("2025-11-14T01:00:00+01:00"), now)).toBe("14 Nov 2025");
  });

  it("counts days without gaps across the change to winter time", () => {
    expect(inBerlin.dayOf(at("2026-10-26T00:10:00+01:00")) - inBerlin.dayOf(at("2026-10-25T00:10:00+02:00"))).toBe(1);
  });

  it("shows the date of a message whose sender's clock runs a day ahead", () => {
    expect(inBerlin.short(at("2026-11-25T10:00:00+01:00"), at("2026-11-24T15:00:00+01:00"))).toBe("25 Nov");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300, 8.64e15])("does not break over the impossible time %s", (ms) => {
    expect(() => [inBerlin.dayOf(ms), inBerlin.clock(ms), inBerlin.heading(ms, 0), inBerlin.short(ms, 0)]).not.toThrow();
  });

  it("uses the browser's region of the interface's language", () => {
    expect(dateLocale("en", ["de-DE", "en-GB", "en-US"])).toBe("en-GB");
    expect(dateLocale("ar", ["en-GB"])).toBe("ar");
  });
});
