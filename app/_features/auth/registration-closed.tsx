"use client";
import { useTranslations } from "use-intl";
import { buttonClass } from "../../_ui/button-class";
import { PageLink, useServerName } from "../shell";

/** This server takes no new accounts. */
export function RegistrationClosed() {
  const t = useTranslations("auth");
  return (
    <div className="sheet">
      <div>
        <h1>{t("closedTitle")}</h1>
        <p className="lede">{t("closedWhy", { server: useServerName() })}</p>
      </div>
      <PageLink href="/sign-in" className={buttonClass({ kind: "primary", wide: true })}>
        {t("signIn")}
      </PageLink>
    </div>
  );
}
