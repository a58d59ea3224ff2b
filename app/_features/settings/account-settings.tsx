"use client";
import { Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { Avatar } from "../../_ui/avatar";
import { useAccount } from "../shell";
import { ChangePasswordForm } from "./change-password-form";
import { SettingsGroup, SettingsPage } from "./settings-page";

const DeleteAccountDialog = lazy(async () => ({ default: (await import("./delete-account-dialog")).DeleteAccountDialog }));

export function AccountSettings() {
  const t = useTranslations("settings");
  const account = useAccount();
  const [deleting, setDeleting] = useState(false);
  const username = "username" in account ? account.username : "";
  const isAdmin = account.phase === "ready" && account.isAdmin;
  return (
    <SettingsPage title={t("account")}>
      <div className="card">
        <div className="card-row">
          <Avatar name={username} />
          <span className="grow">
            <span className="block font-semibold">
              <bdi>{username}</bdi>
            </span>
            <span className="detail">{t(isAdmin ? "administrator" : "usernameFixed")}</span>
          </span>
        </div>
      </div>
      <SettingsGroup title={t("changePassword")}>
        <ChangePasswordForm username={username} />
      </SettingsGroup>
      <SettingsGroup title={t("deleteAccount")}>
        <div className="card">
          <button type="button" className="card-row card-row-danger" aria-haspopup="dialog" onClick={() => setDeleting(true)}>
            <Trash2 className="icon" aria-hidden="true" />
            <span className="grow">
              {t("deleteAccountButton")}
              <span className="detail">{t("deleteAccountHint")}</span>
            </span>
          </button>
        </div>
      </SettingsGroup>
      {deleting && (
        <Suspense>
          <DeleteAccountDialog username={username} onClose={() => setDeleting(false)} />
        </Suspense>
      )}
    </SettingsPage>
  );
}
