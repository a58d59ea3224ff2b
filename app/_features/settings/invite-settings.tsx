"use client";
import { Ticket } from "lucide-react";
import { useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import type { InviteInfo } from "@/server/contract/accounts";
import { Button } from "../../_ui/button";
import { Segments } from "../../_ui/segments";
import { Spinner } from "../../_ui/spinner";
import { FormFailure, useCopy } from "../auth";
import { useAccount, useEngine, useFailureText, useNow } from "../shell";
import { inviteState } from "./invite-state";
import { SettingsGroup, SettingsPage } from "./settings-page";
import { useDates } from "./use-dates";
import { useFetched } from "./use-fetched";

/** Invitations: for the person who runs the server. */
export function InviteSettings() {
  const t = useTranslations("settings");
  const account = useAccount();
  const isAdmin = account.phase === "ready" && account.isAdmin;
  return <SettingsPage title={t("invites")}>{isAdmin ? <Invites /> : <p className="text-muted">{t("invitesForAdmin")}</p>}</SettingsPage>;
}

function Invites() {
  const t = useTranslations("settings");
  const engine = useEngine();
  const { value: invites, failure, reload } = useFetched(useCallback((input) => engine.listInvites(input), [engine]));
  return (
    <>
      <NewInvite onMade={reload} />
      <FormFailure text={failure} />
      {!invites && !failure && <Spinner className="justify-self-center text-accent" />}
      {invites && invites.length > 0 && (
        <SettingsGroup title={t("madeInvites")}>
          <ul className="card">
            {invites.map((invite) => (
              <InviteRow key={invite.code} invite={invite} />
            ))}
          </ul>
        </SettingsGroup>
      )}
    </>
  );
}

const DAYS = ["1", "7", "30"] as const;

function NewInvite({ onMade }: { onMade: () => void }) {
  const t = useTranslations("settings");
  const engine = useEngine();
  const failureText = useFailureText();
  const { copy } = useCopy();
  const [days, setDays] = useState<(typeof DAYS)[number]>("7");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const make = async () => {
    setBusy(true);
    const outcome = await engine.createInvite({ validDays: Number(days) });
    setBusy(false);
    setFailure(outcome.ok ? null : failureText(outcome));
    if (!outcome.ok) return;
    copy(inviteLink(outcome.value.code));
    onMade();
  };
  return (
    <SettingsGroup title={t("newInvite")}>
      <div className="card">
        <div className="card-row">
          <span className="grow">
            {t("inviteValid")}
            <span className="detail">{t("inviteOnce")}</span>
          </span>
          <Segments
            label={t("inviteValid")}
            value={days}
            options={DAYS.map((value) => ({ value, label: t("days", { days: Number(value) }) }))}
            onChange={setDays}
          />
        </div>
        <div className="card-row">
          <Button kind="primary" busy={busy} onClick={make}>
            {t("createInvite")}
          </Button>
        </div>
      </div>
      <FormFailure text={failure} />
    </SettingsGroup>
  );
}

const inviteLink = (code: string): string => `${location.origin}/sign-up?invite=${code}`;

function InviteRow({ invite }: { invite: InviteInfo }) {
  const t = useTranslations("settings");
  const dates = useDates();
  const now = useNow();
  const { copy, copied } = useCopy();
  const state = inviteState(invite, now);
  const until = dates.minute(invite.expiresAtMs);
  return (
    <li className="card-row">
      <Ticket className="icon" aria-hidden="true" />
      <span className="grow">
        <code className="cut block font-mono text-13" dir="ltr">
          {invite.code}
        </code>
        <span className="detail">{t(`invite_${state}`, { until, username: invite.usedBy ?? "" })}</span>
      </span>
      {state === "open" && (
        <Button small aria-label={t("copyInviteLink", { code: invite.code })} onClick={() => copy(inviteLink(invite.code))}>
          {copied ? t("linkCopied") : t("copyLink")}
        </Button>
      )}
    </li>
  );
}
