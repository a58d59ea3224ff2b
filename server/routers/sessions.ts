import { z } from "zod";
import { SessionInfo } from "../contract/accounts";
import { listSessions } from "../services/list-sessions";
import { revokeSession } from "../services/revoke-session";
import { router, sessionProcedure } from "../trpc";

export const sessionsRouter = router({
  list: sessionProcedure
    .input(z.void())
    .output(z.array(SessionInfo))
    .query(({ ctx }) => listSessions(ctx)),
  revoke: sessionProcedure
    .input(z.object({ sessionId: z.string().min(1).max(64) }))
    .output(z.void())
    .mutation(({ ctx, input }) => revokeSession(ctx, input)),
});
