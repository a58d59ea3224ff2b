"use client";
import { Laptop, LogOut, Smartphone } from "lucide-react";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import type { SessionInfo } from "@/server/contract/accounts";
import { Button } from "../../_ui/button";
import { Spinner } from "../../_ui/spinner";
import { FormFailure } from "../auth";
import { useAnnounce, useEngine, useFailureText, useNow } from "../shell";
import { describeUserAgent } from "./describe-user-agent";
import { SettingsGroup, SettingsPage } from "./settings-page";
import { useDates } from "./use-dates";
import { useFetched } from "./use-fetched";

/** Where the account is signed in. */
export function DeviceSettings() {
  const t = useTranslations("settings");
  const engine = useEngine();
  const { value: sessions, failure, reload } = useFetched(useCallback((input) => engine.listSessions(input), [engine]));
  const { end, busy, problem } = useEndSessions(reload);
  const others = sessions?.filter((session) => !session.current) ?? [];
  return (
    <SettingsPage title={t("devices")}>
      <FormFailure text={problem ?? failure} />
      {!sessions && !failure && <Spinner className="justify-self-center text-accent" />}
      {sessions && (
        <SettingsGroup title={t("signedInHere")}>
          <div className="card">
            {sessions
              .filter((session) => session.current)
              .map((session) => (
                <DeviceRow key={session.sessionId} session={session} />
              ))}
          </div>
        </SettingsGroup>
      )}
      {others.length > 0 && (
        <SettingsGroup title={t("otherDevices")}>
          <div className="card">
            {others.map((session) => (
              <DeviceRow key={session.sessionId} session={session} busy={busy} onEnd={() => end([session])} />
            ))}
            {others.length > 1 && (
              <button type="button" className="card-row card-row-danger" disabled={busy} onClick={() => end(others)}>
                <LogOut className="icon flip" aria-hidden="true" />
                <span className="grow">{t("signOutOthers")}</span>
              </button>
            )}
          </div>
        </SettingsGroup>
      )}
      <p className="px-1 text-13 text-pretty text-muted">{t("devicesNote")}</p>
    </SettingsPage>
  );
}

function useEndSessions(reload: () => void) {
  const t = useTranslations("settings");
  const engine = useEngine();
  const announce = useAnnounce();
  const failureText = useFailureText();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const end = async (sessions: SessionInfo[]) => {
    setBusy(true);
    setProblem(null);
    for (const { sessionId } of sessions) {
      const outcome = await engine.revokeSession({ sessionId });
      if (!outcome.ok && outcome.code !== "not_found") {
        setProblem(failureText(outcome));
        break;
      }
      announce(t("signedOutDevice"));
    }
    setBusy(false);
    reload();
  };
  return { end, busy, problem };
}

function useAgentName() {
  const t = useTranslations("settings");
  return (userAgent: string): string => {
    const { browser, system } = describeUserAgent(userAgent);
    if (browser && system) return t("browserOnSystem", { browser, system });
    return browser ?? system ?? t("unknownDevice");
  };
}

function DeviceRow({ session, busy, onEnd }: { session: SessionInfo; busy?: boolean; onEnd?: () => void }) {
  const t = useTranslations("settings");
  const dates = useDates();
  const now = useNow();
  const name = useAgentName()(session.userAgent);
  const Icon = describeUserAgent(session.userAgent).handheld ? Smartphone : Laptop;
  const seen = dates.ago(session.lastSeenAtMs, now);
  const since = dates.day(session.createdAtMs);
  return (
    <div className="card-row">
      <span className="device-icon" data-this={session.current || undefined}>
        <Icon className="icon" aria-hidden="true" />
      </span>
      <span className="grow">
        <span className="flex flex-wrap items-center gap-2">
          <span className="font-semibold">{name}</span>
          {session.current && <span className="tag tag-accent">{t("thisDevice")}</span>}
        </span>
        <span className="detail">
          {session.current ? t("signedInSince", { since }) : t("activeSince", { seen, since })}
          {session.ipAddress && (
            <>
              {" · "}
              <bdi>{session.ipAddress}</bdi>
            </>
          )}
        </span>
      </span>
      {onEnd && (
        <Button small kind="danger" busy={busy} aria-label={t("signOutDevice", { device: name })} onClick={onEnd}>
          {t("signOut")}
        </Button>
      )}
    </div>
  );
}
