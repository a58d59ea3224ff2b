"use client";
import { useTranslations } from "use-intl";
import type { FailureCode } from "@/engine";
import type { ErrorDetails } from "@/server/contract/errors";

/** Why a command did nothing. */
export type Failure = { code: FailureCode } & ErrorDetails;

const WORDS = {
  offline: "failureOffline",
  unavailable: "failureUnavailable",
  rate_limited: "failureRateLimited",
  unauthorized: "failureSignedOut",
  forbidden: "failureForbidden",
  storage_failed: "failureStorage",
  busy: "failureBusy",
  too_large: "failureTooLarge",
  wrong_recovery_key: "failureRecoveryKey",
  device_required: "failureSignedOut",
} as const satisfies Partial<Record<FailureCode, string>>;

/** What a person is told about a failed command, in general.
 *  Screens that know better (a wrong password, a taken name) say so themselves, beside the field. */
export function useFailureText(): (failure: Failure) => string {
  const t = useTranslations("shell");
  return ({ code, retryAfterMs = 60_000 }) => {
    const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
    return t(code in WORDS ? WORDS[code as keyof typeof WORDS] : "failureUnknown", { minutes, code });
  };
}
