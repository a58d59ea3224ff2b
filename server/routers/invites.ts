import { z } from "zod";
import { CreateInvite, InviteInfo } from "../contract/accounts";
import { createInvite } from "../services/create-invite";
import { listInvites } from "../services/list-invites";
import { adminProcedure, router } from "../trpc";

export const invitesRouter = router({
  create: adminProcedure
    .input(CreateInvite)
    .output(InviteInfo)
    .mutation(({ ctx, input }) => createInvite(ctx, input)),
  list: adminProcedure
    .input(z.void())
    .output(z.array(InviteInfo))
    .query(({ ctx }) => listInvites(ctx)),
});
