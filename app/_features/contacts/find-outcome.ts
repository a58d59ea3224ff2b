/** What a person is told after looking for somebody by user name. */
import type { FailureCode, Outcome } from "@/engine";
import { USERNAME_PATTERN } from "@/server/contract/limits";

/** Takes what was typed; returns the user name meant: without white space around it and a leading @, in lower case. */
export function typedUsername(typed: string): string {
  return typed.trim().replace(/^@/, "").toLowerCase();
}

export type FindProblem =
  | { key: "badUsername" | "offline" | "failed" }
  | { key: "notFound"; username: string }
  | { key: "rateLimited"; minutes: number };

/** Takes a user name; returns what is wrong with it before anybody is asked, or null. */
export function usernameProblem(username: string): FindProblem | null {
  return USERNAME_PATTERN.test(username) ? null : { key: "badUsername" };
}

/** Takes the user name and a failed outcome; returns what to say. Details that the server gave are used, never shown raw. */
export function findProblem(username: string, failure: Extract<Outcome<unknown>, { ok: false }>): FindProblem {
  const problems: Partial<Record<FailureCode, FindProblem>> = {
    not_found: { key: "notFound", username },
    bad_request: { key: "badUsername" },
    rate_limited: { key: "rateLimited", minutes: Math.max(1, Math.ceil((failure.retryAfterMs ?? 60_000) / 60_000)) },
    offline: { key: "offline" },
    unavailable: { key: "offline" },
  };
  return problems[failure.code] ?? { key: "failed" };
}
