"use client";
import { useTranslations } from "use-intl";
import { buttonClass } from "../../_ui/button-class";
import { CenteredPage } from "./centered-page";

/** A screen stopped working. */
export function Crash({ error }: { error: Error }) {
  const t = useTranslations("shell");
  return (
    <CenteredPage>
      <div className="sheet" role="alert">
        <div>
          <h1>{t("crashTitle")}</h1>
          <p className="lede">{t("crashWhy")}</p>
        </div>
        <button type="button" className={buttonClass({ kind: "primary", wide: true })} onClick={() => location.reload()}>
          {t("reload")}
        </button>
        <details className="text-13 text-muted">
          <summary className="text-link">{t("details")}</summary>
          <p className="mt-2 font-mono break-all" dir="ltr">
            {error.message}
          </p>
        </details>
      </div>
    </CenteredPage>
  );
}
