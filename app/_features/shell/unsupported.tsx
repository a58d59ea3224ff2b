"use client";
/** Says why Parley can't run in this browser or at this address, and what to do about it. */
import { useTranslations } from "use-intl";
import type { AccountView } from "@/engine";
import words from "./messages/en/unsupported.json";
import { MoreWords } from "./more-words";

export type UnsupportedReason = Extract<AccountView, { phase: "unsupported" }>["reason"];

const UNSUPPORTED_WORDS = { unsupported: words };

export function Unsupported({ reason }: { reason: UnsupportedReason }) {
  return (
    <MoreWords words={UNSUPPORTED_WORDS}>{reason === "insecure_origin" ? <InsecureOrigin /> : <OldBrowser reason={reason} />}</MoreWords>
  );
}

const MISSING = { no_indexeddb: "missingIndexedDb", no_web_locks: "missingWebLocks" } as const;

function InsecureOrigin() {
  const t = useTranslations("unsupported");
  const shell = useTranslations("shell");
  const { port } = location;
  return (
    <>
      <div>
        <h1>{t("insecureTitle")}</h1>
        <p className="lede">{t("insecureWhy")}</p>
      </div>
      <ul className="grid list-disc gap-3 ps-5">
        <li>{t("insecureReader")}</li>
        <li>{t.rich("insecureOwner", { code: (chunk) => <code className="font-mono text-13">{chunk}</code>, port: port || "3000" })}</li>
      </ul>
      <details className="text-13 text-muted">
        <summary className="text-link">{shell("details")}</summary>
        <p className="mt-2 font-mono break-all" dir="ltr">
          {location.origin}: isSecureContext = {String(isSecureContext)}
        </p>
      </details>
    </>
  );
}

function OldBrowser({ reason }: { reason: keyof typeof MISSING }) {
  const t = useTranslations("unsupported");
  return (
    <div>
      <h1>{t("unsupportedTitle")}</h1>
      <p className="lede">{t("unsupportedWhy", { what: t(MISSING[reason]) })}</p>
    </div>
  );
}
