"use client";
import type { ReactNode } from "react";
import recovery from "./messages/en/recovery.json";
import { MoreWords } from "./more-words";

const RECOVERY_WORDS = { recovery };

/** The words of the recovery key, and of a browser without keys. */
export function RecoveryWords({ children }: { children: ReactNode }) {
  return <MoreWords words={RECOVERY_WORDS}>{children}</MoreWords>;
}
