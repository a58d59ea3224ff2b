"use client";
import { useEffect, useMemo, useState } from "react";
import { useLocale, useTimeZone, useTranslations } from "use-intl";
import { type Calendar, createCalendar, dateLocale } from "./calendar";

/** The calendar of the person's language, region and time zone. */
export function useCalendar(): Calendar {
  const t = useTranslations("messages");
  const locale = useLocale();
  const timeZone = useTimeZone();
  return useMemo(
    () =>
      createCalendar({
        locale: dateLocale(locale, navigator.languages),
        timeZone,
        words: { today: t("today"), yesterday: t("yesterday") },
      }),
    [t, locale, timeZone],
  );
}

/** A moment of the present local day. It changes with the day, not with the clock, so that nothing is drawn anew in between. */
export function useToday(calendar: Calendar): number {
  const [todayMs, setTodayMs] = useState(() => Date.now());
  useEffect(() => {
    const look = () => setTodayMs((known) => (calendar.dayOf(known) === calendar.dayOf(Date.now()) ? known : Date.now()));
    const timer = setInterval(look, 60_000);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [calendar]);
  return todayMs;
}
