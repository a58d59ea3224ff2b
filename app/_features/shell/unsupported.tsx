"use client";
/** Says why Parley can't run in this browser or at this address, and what to do about it. */
import { useTranslations } from "use-intl";
import type { AccountView } from "@/engine";
import { CenteredPage } from "./centered-page";

type Reason = Extract<AccountView, { phase: "unsupported" }>["reason"];

export function Unsupported({ reason }: { reason: Reason }) {
  const t = useTranslations("shell");
  return (
    <CenteredPage>
      <div className="sheet">{reason === "insecure_origin" ? <InsecureOrigin /> : <OldBrowser what={t(MISSING[reason])} />}</div>
    </CenteredPage>
  );
}

const MISSING = { no_indexeddb: "missingIndexedDb", no_web_locks: "missingWebLocks" } as const;

function InsecureOrigin() {
  const t = useTranslations("shell");
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
        <summary className="text-link">{t("details")}</summary>
        <p className="mt-2 font-mono break-all" dir="ltr">
          {location.origin}: isSecureContext = {String(isSecureContext)}
        </p>
      </details>
    </>
  );
}

function OldBrowser({ what }: { what: string }) {
  const t = useTranslations("shell");
  return (
    <div>
      <h1>{t("unsupportedTitle")}</h1>
      <p className="lede">{t("unsupportedWhy", { what })}</p>
    </div>
  );
}
