/** Dates and ages as the settings show them. */

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

export type Dates = {
  /** "24 Nov 2026" */
  day(ms: number): string;
  /** "24 Nov 2026, 14:32" */
  minute(ms: number): string;
  /** "3 hours ago", "yesterday", "now": in whole units; the future counts as now. */
  ago(ms: number, nowMs: number): string;
};

/** Takes a BCP 47 locale and an IANA time zone (undefined: the device's own). */
export function createDates(locale: string, timeZone: string | undefined): Dates {
  const day = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: "medium" });
  const minute = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    day: (ms) => day.format(ms),
    minute: (ms) => minute.format(ms),
    ago(ms, nowMs) {
      const age = nowMs - ms;
      for (const [unit, unitMs] of UNITS) if (age >= unitMs) return relative.format(-Math.floor(age / unitMs), unit);
      return relative.format(0, "second");
    },
  };
}
