import type { z } from "zod";
import type { SessionContext } from "../context";
import type { FindAccount, FoundAccount } from "../contract/accounts";
import { UserId } from "../contract/ids";

const FIND = `
  SELECT u.user_id FROM users u
  WHERE u.username = $1 AND u.status = 'active' AND EXISTS (SELECT 1 FROM device_manifests m WHERE m.user_id = u.user_id)`;

/** The account with exactly this user name, if it can be written to. The answer is the same for one that is absent, suspended, deleted
 *  or has no device yet. Throws `rate_limited`. */
export async function findAccount(
  { app, caller }: SessionContext,
  { username }: z.infer<typeof FindAccount>,
): Promise<z.infer<typeof FoundAccount>> {
  await app.rateLimits.consume("find", caller.userId);
  const { rows } = await app.pool.query<{ user_id: string }>(FIND, [username]);
  return { userId: rows[0] === undefined ? null : UserId.parse(rows[0].user_id) };
}
