/** Days and times as this person reads them: their language, their time zone. */

const DAY_MS = 86_400_000;
/** The last moment that a date can hold; a time comes from its sender's clock and may be anything. */
const LAST_MS = 8.64e15 - 2 * DAY_MS;
const within = (ms: number) => Math.min(LAST_MS, Math.max(0, Number.isFinite(ms) ? ms : 0));

export type Calendar = {
  /** Number of the local day (days since 1970-01-01), so that days can be compared and subtracted. */
  dayOf(ms: number): number;
  /** "14:32" */
  clock(ms: number): string;
  /** Heading above a day's messages: "Today", "Yesterday", "Sunday 22 November", with the year when it is another. */
  heading(ms: number, nowMs: number): string;
  /** Short form for the chat list: "14:32", "Yesterday", "Sunday", "14 Nov", "14 Nov 2025". */
  short(ms: number, nowMs: number): string;
};

export type CalendarOptions = { locale: string; timeZone: string | undefined; words: { today: string; yesterday: string } };

/**
 * Takes a BCP 47 locale, an IANA time zone (undefined: the device's own) and the two words; returns the formats of `Calendar`.
 * Throws a RangeError for a locale or zone that Intl does not know.
 */
export function createCalendar({ locale, timeZone, words }: CalendarOptions): Calendar {
  const format = (options: Intl.DateTimeFormatOptions, language = locale) => new Intl.DateTimeFormat(language, { timeZone, ...options });
  const numbers = format({ year: "numeric", month: "numeric", day: "numeric", calendar: "gregory", numberingSystem: "latn" }, "en-US");
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const weekday = format({ weekday: "long" });
  const long = format({ weekday: "long", day: "numeric", month: "long" });
  const longWithYear = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const short = format({ day: "numeric", month: "short" });
  const shortWithYear = format({ day: "numeric", month: "short", year: "numeric" });

  const date = (ms: number) => {
    const [month = 1, day = 1, year = 1970] = numbers.format(within(ms)).split("/").map(Number);
    return { year, day: Date.UTC(year, month - 1, day) / DAY_MS };
  };
  return {
    dayOf: (ms) => date(ms).day,
    clock: (ms) => clock.format(within(ms)),
    heading(ms, nowMs) {
      const [that, now] = [date(ms), date(nowMs)];
      if (that.day === now.day) return words.today;
      if (that.day === now.day - 1) return words.yesterday;
      return (that.year === now.year ? long : longWithYear).format(within(ms));
    },
    short(ms, nowMs) {
      const [that, now] = [date(ms), date(nowMs)];
      const age = now.day - that.day;
      if (age === 0) return clock.format(within(ms));
      if (age === 1) return words.yesterday;
      if (age > 1 && age < 7) return weekday.format(within(ms));
      return (that.year === now.year ? short : shortWithYear).format(within(ms));
    },
  };
}

/**
 * Takes the interface's language and the browser's list; returns the browser's regional form of that language ("en-GB" for "en"),
 * so that dates read the way the person's system writes them.
 */
export function dateLocale(language: string, preferred: readonly string[]): string {
  const root = (tag: string) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => root(tag) === root(language)) ?? language;
}
