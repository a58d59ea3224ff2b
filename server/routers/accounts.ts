import { z } from "zod";
import { ChangePassword, DeleteAccount, FindAccount, FoundAccount, Me, ServerInfo, SignUp } from "../contract/accounts";
import { changePassword } from "../services/change-password";
import { deleteAccount } from "../services/delete-account";
import { findAccount } from "../services/find-account";
import { me } from "../services/me";
import { serverInfo } from "../services/server-info";
import { signUp } from "../services/sign-up";
import { publicProcedure, router, sessionProcedure } from "../trpc";

export const accountsRouter = router({
  server: publicProcedure
    .input(z.void())
    .output(ServerInfo)
    .query(({ ctx }) => serverInfo(ctx)),
  signUp: publicProcedure
    .input(SignUp)
    .output(Me)
    .mutation(({ ctx, input }) => signUp(ctx, input)),
  /** Null for nobody: asking is how a browser finds out, so it is no failure. */
  me: publicProcedure
    .input(z.void())
    .output(Me.nullable())
    .query(({ ctx }) => me(ctx)),
  /** A mutation, so that names looked for are in no URL. */
  find: sessionProcedure
    .input(FindAccount)
    .output(FoundAccount)
    .mutation(({ ctx, input }) => findAccount(ctx, input)),
  changePassword: sessionProcedure
    .input(ChangePassword)
    .output(z.void())
    .mutation(({ ctx, input }) => changePassword(ctx, input)),
  deleteAccount: sessionProcedure
    .input(DeleteAccount)
    .output(z.void())
    .mutation(({ ctx, input }) => deleteAccount(ctx, input)),
});
