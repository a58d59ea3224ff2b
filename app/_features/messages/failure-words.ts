"use client";
import { useCallback } from "react";
import { useTranslations } from "use-intl";
import type { FailureCode } from "@/engine";

/** Why a message was not sent, in words. */
export function useFailureWords(name: string): (failure: FailureCode | undefined) => string {
  const t = useTranslations("messages");
  return useCallback((failure) => t(KEYS[failure ?? "offline"] ?? "failedUnknown", { name }), [t, name]);
}

type Key =
  | "failedOffline"
  | "failedKeyChanged"
  | "failedBlocked"
  | "failedNotMember"
  | "failedNotFound"
  | "failedTooLarge"
  | "failedRateLimited"
  | "failedSignedOut"
  | "failedStorage"
  | "failedUnknown";

const KEYS: Partial<Record<FailureCode, Key>> = {
  offline: "failedOffline",
  unavailable: "failedOffline",
  key_changed: "failedKeyChanged",
  blocked: "failedBlocked",
  not_member: "failedNotMember",
  not_found: "failedNotFound",
  too_large: "failedTooLarge",
  rate_limited: "failedRateLimited",
  unauthorized: "failedSignedOut",
  device_required: "failedSignedOut",
  storage_failed: "failedStorage",
};
