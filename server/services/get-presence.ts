import type { z } from "zod";
import type { DeviceContext } from "../context";
import type { UserId } from "../contract/ids";
import { type GetPresence, type GotPresence, offlineSince, type Presence } from "../contract/presence";
import { query } from "./sql";

const PRESENCE = `
  SELECT u.user_id, u.last_seen_at, EXISTS (SELECT 1 FROM account_presence a WHERE a.user_id = u.user_id) AS online
  FROM watchable_accounts($1, $2::uuid[]) w(user_id) JOIN users u ON u.user_id = w.user_id`;

type Row = { user_id: UserId; last_seen_at: Date | null; online: boolean };

/** How people stand now, as far as the caller may know; `hidden` for everybody else, whether there is such an account or not.
 *  Throws `rate_limited`. */
export async function getPresence(
  { app, caller }: Pick<DeviceContext, "app" | "caller">,
  { userIds }: z.infer<typeof GetPresence>,
): Promise<z.infer<typeof GotPresence>> {
  await app.rateLimits.consume("presence", caller.userId);
  const rows = await query<Row>(app.pool, "presence", PRESENCE, [caller.userId, userIds]);
  const known = new Map(rows.map((row) => [row.user_id, present(row)]));
  return { people: userIds.map((userId) => known.get(userId) ?? { state: "hidden" }) };
}

function present({ online, last_seen_at }: Row): Presence {
  return online ? { state: "online" } : offlineSince(last_seen_at?.getTime() ?? null);
}
