import type { z } from "zod";
import type { SessionContext } from "../context";
import type { InviteInfo } from "../contract/accounts";

type Row = { code: string; created_at: Date; expires_at: Date; used_by: string | null };

/** The newest invites of all administrators, used and expired ones too. */
export async function listInvites({ app }: SessionContext): Promise<z.infer<typeof InviteInfo>[]> {
  const { rows } = await app.pool.query<Row>(
    `SELECT i.code, i.created_at, i.expires_at, u.username AS used_by
     FROM invites i LEFT JOIN users u ON u.user_id = i.used_by ORDER BY i.created_at DESC, i.code LIMIT 200`,
  );
  return rows.map((row) => ({
    code: row.code,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    usedBy: row.used_by,
  }));
}
