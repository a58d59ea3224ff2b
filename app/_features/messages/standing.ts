/** The second line of a conversation's bar: what to say of the other people, before it is put into words. */
import type { PresenceView } from "@/engine";
import type { Calendar } from "./calendar";

export type Standing =
  | { kind: "typing"; names: string[] }
  | { kind: "online" }
  | { kind: "seen"; day: "today" | "yesterday"; time: string }
  | { kind: "seen"; day: "earlier"; date: string }
  /** Nothing is known, or nothing may be known: nothing is said. */
  | { kind: "nothing" };

/** Takes how people stand and a moment of the present day. Typing goes before everything; the clock of a server that is ahead counts as today. */
export function standingOf({ state, lastSeenMs, typing }: PresenceView, calendar: Calendar, todayMs: number): Standing {
  if (typing.length > 0) return { kind: "typing", names: typing };
  if (state === "online") return { kind: "online" };
  if (state === "hidden" || lastSeenMs === undefined) return { kind: "nothing" };
  const age = calendar.dayOf(todayMs) - calendar.dayOf(lastSeenMs);
  if (age <= 1) return { kind: "seen", day: age === 1 ? "yesterday" : "today", time: calendar.clock(lastSeenMs) };
  return { kind: "seen", day: "earlier", date: calendar.short(lastSeenMs, todayMs) };
}
