"use client";
/** The page that stands alone: sign-up, sign-in, recovery key, what can't run. */
import { Server } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Logo } from "../../_ui/logo";
import { UpdateBar } from "./update-bar";

/** The server's name: the address it was reached by. Empty in the static page. */
export function useServerName(): string {
  const [host, setHost] = useState("");
  useEffect(() => setHost(location.host), []);
  return host;
}

/** A header with the server's name, the content as the main landmark, a foot. */
export function CenteredPage({ foot, children }: { foot?: ReactNode; children: ReactNode }) {
  const t = useTranslations("shell");
  const serverName = useServerName();
  return (
    <div className="page">
      <section className="page-bars" aria-label={t("notices")}>
        <UpdateBar />
      </section>
      <header className="page-head">
        <Logo />
        <span>Parley</span>
        {serverName && (
          <span className="page-server">
            <Server className="icon icon-14" aria-hidden="true" />
            <bdi>{serverName}</bdi>
          </span>
        )}
      </header>
      <main className="page-main" id="main" tabIndex={-1}>
        {children}
      </main>
      <footer className="page-foot">{foot}</footer>
    </div>
  );
}
