import type { SessionContext } from "../context";

/** Ends all sessions of the caller's account but this one, with their sockets. */
export async function endOtherSessions({ app, caller }: SessionContext): Promise<void> {
  const { rows } = await app.pool.query<{ session_id: string }>(
    "DELETE FROM sessions WHERE user_id = $1 AND session_id <> $2 RETURNING session_id",
    [caller.userId, caller.sessionId],
  );
  for (const { session_id } of rows) app.realtime.endSession(session_id);
}
