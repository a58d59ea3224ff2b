"use client";
import { useMemo } from "react";
import { useLocale, useTimeZone } from "use-intl";
import { dateLocale } from "../messages";
import { createDates, type Dates } from "./dates";

/** Dates in the language, region and time zone of the person. */
export function useDates(): Dates {
  const locale = useLocale();
  const timeZone = useTimeZone();
  return useMemo(() => createDates(dateLocale(locale, navigator.languages), timeZone), [locale, timeZone]);
}
