import { ChatsScreen } from "../_features/chats";
import { SettingsScreen } from "../_features/settings/lazy-settings-screen";
import { AppShell } from "../_features/shell/app-shell";

/** The signed-in app. Which screen is shown hangs from the address alone, so that moving about asks the server for nothing;
 *  the pages below are empty and only give each address its static file. */
export default function AppLayout() {
  return <AppShell chats={<ChatsScreen />} settings={<SettingsScreen />} />;
}
