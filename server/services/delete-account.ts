import type { z } from "zod";
import type { SessionContext } from "../context";
import type { DeleteAccount } from "../contract/accounts";
import { checkPassword } from "./check-password";
import { REAL_TIME, retryTransient } from "./retry-transient";
import { query } from "./sql";

const GIVE_UP_AFTER_MS = 8_000;

/** Deletes what the account has on the server and ends its sessions and sockets. Its user name is never given again, its manifests
 *  stay (contacts verify old entries by them), and so do the entries it wrote: they are the chats'. If it was the only administrator, the
 *  oldest account that is left becomes one. Throws `unauthorized`, `rate_limited`, `unavailable`. */
export async function deleteAccount(ctx: SessionContext, { password }: z.infer<typeof DeleteAccount>): Promise<void> {
  await checkPassword(ctx, password);
  const { app, caller } = ctx;
  const erase = () => query<{ ended: string[] }>(app.pool, "delete_account", "SELECT delete_account($1) AS ended", [caller.userId]);
  const [row] = await retryTransient(REAL_TIME, REAL_TIME.now() + GIVE_UP_AFTER_MS, erase);
  for (const sessionId of row?.ended ?? []) app.realtime.endSession(sessionId);
  app.realtime.endAccount(caller.userId);
  ctx.setCookies((await app.auth.signOut("")).cookies);
}
