import type { AccountView } from "@/engine";

/** The parts of the app, by what must be true to be in them. */
export type Area = "chats" | "sign-up" | "sign-in" | "restore" | "recovery-key";

/** Where the person belongs now; null while that is not known, or nowhere because the browser can't run the app.
 *  A recovery key that was never put off is shown before anything else; later a bar reminds of it. */
export function homePath(account: AccountView): string | null {
  switch (account.phase) {
    case "starting":
    case "unsupported":
      return null;
    case "signed_out":
      return account.server?.firstAccount ? "/sign-up" : "/sign-in";
    case "needs_keys":
      return "/restore";
    case "sign_in_again":
      return "/";
    case "ready":
      return account.recoveryKeyPending && account.remindAtMs === 0 ? "/recovery-key" : "/";
  }
}

/** Whether the person may stay where they are. */
export function mayStay(area: Area, account: AccountView): boolean {
  switch (area) {
    case "chats":
      return homePath(account) === "/";
    case "sign-up":
      return account.phase === "signed_out";
    case "sign-in":
      return account.phase === "signed_out" || account.phase === "sign_in_again";
    case "restore":
      return account.phase === "needs_keys";
    case "recovery-key":
      return account.phase === "ready" && account.recoveryKeyPending;
  }
}

/** Where to send someone who is in `area`: null if they may stay, or if it is too early to tell. */
export function redirectFrom(area: Area, account: AccountView): string | null {
  return mayStay(area, account) ? null : homePath(account);
}
