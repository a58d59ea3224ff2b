"use client";
/** What stands on the screen until the engine knows who is here: the frame without its content, as part of the static page. */
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Logo } from "../../_ui/logo";

const SLOW_AFTER_MS = 8_000;

export function Splash() {
  const t = useTranslations("shell");
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="app-frame">
      <div className="rail">
        <Logo className="rail-logo" />
      </div>
      <div className="pane-list splash-list" aria-hidden="true">
        {["a", "b", "c", "d", "e", "f"].map((row) => (
          <i key={row} />
        ))}
      </div>
      <main className="pane-main place-content-center justify-items-center" aria-label="Parley" aria-busy={!slow} id="main" tabIndex={-1}>
        <h1 className="sr-only">Parley</h1>
        <div className="grid flex-1 place-content-center justify-items-center gap-4 p-8 text-center">
          <Logo className="splash-logo" />
          {slow && (
            <>
              <p className="text-muted">{t("startingSlowly")}</p>
              <Button onClick={() => location.reload()}>{t("reload")}</Button>
            </>
          )}
        </div>
      </main>
    </div>
  );
}
