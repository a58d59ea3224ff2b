"use client";
import Link from "next/link";
import { useTranslations } from "use-intl";
import { buttonClass } from "../../_ui/button";
import { useServerName } from "../shell";

/** This server takes no new accounts. */
export function RegistrationClosed() {
  const t = useTranslations("auth");
  return (
    <div className="sheet">
      <div>
        <h1>{t("closedTitle")}</h1>
        <p className="lede">{t("closedWhy", { server: useServerName() })}</p>
      </div>
      <Link href="/sign-in" className={buttonClass({ kind: "primary", wide: true })}>
        {t("signIn")}
      </Link>
    </div>
  );
}
