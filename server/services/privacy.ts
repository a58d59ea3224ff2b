/** What an account shares with the people it has chats with. */
import type { z } from "zod";
import type { DeviceContext } from "../context";
import type { Privacy, SetPrivacy } from "../contract/presence";
import { query } from "./sql";

type Ask = Pick<DeviceContext, "app" | "caller">;
type Row = { shares_presence: boolean; shares_typing: boolean };

function presentPrivacy(rows: Row[]): Privacy {
  const [row] = rows;
  return { sharesPresence: row?.shares_presence ?? false, sharesTyping: row?.shares_typing ?? false };
}

export async function getPrivacy({ app, caller }: Ask): Promise<Privacy> {
  return presentPrivacy(
    await query<Row>(app.pool, "privacy", "SELECT shares_presence, shares_typing FROM users WHERE user_id = $1", [caller.userId]),
  );
}

const SET = "SELECT shares_presence, shares_typing FROM set_privacy($1, $2, $3)";

/** Changes what is given; the SQL function tells the account's devices and whoever watches it. Returns what holds now.
 *  Throws `rate_limited`. */
export async function setPrivacy({ app, caller }: Ask, change: z.infer<typeof SetPrivacy>): Promise<Privacy> {
  await app.rateLimits.consume("setPrivacy", caller.userId);
  const { sharesPresence = null, sharesTyping = null } = change;
  return presentPrivacy(await query<Row>(app.pool, "set_privacy", SET, [caller.userId, sharesPresence, sharesTyping]));
}
