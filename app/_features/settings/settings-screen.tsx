"use client";
/** The list of settings and the one that the address names. */
import { usePathname } from "next/navigation";
import { AccountSettings } from "./account-settings";
import { AppearanceSettings } from "./appearance-settings";
import { DeviceSettings } from "./device-settings";
import { InviteSettings } from "./invite-settings";
import { PrivacySettings } from "./privacy-settings";
import { SecuritySettings } from "./security-settings";
import { ServerSettings } from "./server-settings";
import { SettingsList } from "./settings-list";

const SCREENS = {
  account: AccountSettings,
  privacy: PrivacySettings,
  appearance: AppearanceSettings,
  sessions: DeviceSettings,
  security: SecuritySettings,
  invites: InviteSettings,
  server: ServerSettings,
};

/** "/settings" is the list on a phone; where there is room beside it, it shows the appearance. */
export function SettingsScreen() {
  const section = usePathname().split("/")[2];
  const Screen = section && section in SCREENS ? SCREENS[section as keyof typeof SCREENS] : AppearanceSettings;
  return (
    <>
      <SettingsList />
      <Screen />
    </>
  );
}
