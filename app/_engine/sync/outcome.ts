/** Commands answer with values: what went wrong is an expected outcome, with a code that the interface has words for. */
import type { Commands, FailureCode, Outcome } from "../door";
import { CallError } from "../transport/api";

/** What a command promises inside its Outcome. */
export type OutcomeOf<Name extends keyof Commands> = Promise<Extract<Awaited<ReturnType<Commands[Name]>>, { ok: true }>["value"]>;

/** Runs a command. Faults of our own are not hidden: they are thrown on. */
export async function outcome<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof CallError) return { ok: false, code: codeOf(error), ...error.details };
    if (isQuota(error)) return { ok: false, code: "storage_failed" };
    throw error;
  }
}

/** The same for commands whose answer says nothing. */
export async function done(run: () => Promise<unknown>): Promise<Outcome<null>> {
  const result = await outcome(run);
  return result.ok ? { ok: true, value: null } : result;
}

function codeOf(error: CallError): FailureCode {
  return error.details.reason === "wrong_recovery_key" ? "wrong_recovery_key" : error.code;
}

function isQuota(error: unknown): boolean {
  const names = [error, (error as { inner?: unknown })?.inner].map((one) => (one as { name?: string } | undefined)?.name);
  return names.includes("QuotaExceededError");
}
