/** The frame that every screen stands in, and what screens ask of it: the engine, the preferences, the words, navigation.
 *
 *  How a screen is built: `AppShell` (in app/(chat)/layout.tsx) draws the rail and the bars, waits until the account is ready, and shows
 *  one screen for the address; the pages below app/(chat) render nothing, they exist to give each address its static file. A screen is a
 *  `ListPane` and a `MainPane`. Moving inside the app is `useNavigate()` or `AppLink`: the address changes at once,
 *  with no request to the server, so it also works offline. Words come from `useTranslations("namespace")` of use-intl;
 *  each namespace is a flat file messages/en/NAMESPACE.json and ar/NAMESPACE.json, compiled by the build (compile-messages.mjs).
 *  What only routes need (AppShell, Providers) they import from its own module, so that no page loads another page's parts. */
export { useAnnounce } from "./announcer";
export { CenteredPage, useServerName } from "./centered-page";
export { useAccount, useConnection, useEngine, useView } from "./engine-provider";
export { useFailureText } from "./failure-message";
export { useFrameWidth } from "./frame-width";
export { useInstallPrompt } from "./install-prompt";
export { AppLink, chatPath, PageLink, useNavigate, useOpenChatId } from "./navigation";
export { useNow } from "./now";
export { ListPane, MainPane } from "./panes";
export { PhaseGate } from "./phase-gate";
export { MAX_TEXT_PERCENT, MIN_TEXT_PERCENT, type Preferences } from "./preferences";
export { usePreferences } from "./preferences-provider";
export { RecoveryWords } from "./recovery-words";
