import { router } from "../trpc";
import { accountsRouter } from "./accounts";
import { chatsRouter } from "./chats";
import { devicesRouter } from "./devices";
import { invitesRouter } from "./invites";
import { keysRouter } from "./keys";
import { messagesRouter } from "./messages";
import { presenceRouter } from "./presence";
import { realtimeRouter } from "./realtime";
import { sessionsRouter } from "./sessions";

export const appRouter = router({
  accounts: accountsRouter,
  sessions: sessionsRouter,
  invites: invitesRouter,
  devices: devicesRouter,
  keys: keysRouter,
  chats: chatsRouter,
  messages: messagesRouter,
  presence: presenceRouter,
  realtime: realtimeRouter,
});
export type AppRouter = typeof appRouter;
