"use client";
import { useTranslations } from "use-intl";
import { buttonClass } from "../../_ui/button-class";
import { CenteredPage } from "./centered-page";

/** Nothing is at this address. */
export function NotFound() {
  const t = useTranslations("shell");
  return (
    <CenteredPage>
      <div className="sheet">
        <div>
          <h1>{t("notFoundTitle")}</h1>
          <p className="lede">{t("notFoundWhy")}</p>
        </div>
        <a href="/" className={buttonClass({ kind: "primary", wide: true })}>
          {t("goToChats")}
        </a>
      </div>
    </CenteredPage>
  );
}
