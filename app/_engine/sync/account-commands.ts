/** Commands about the account, its sign-ins and its keys. */
import type { Commands } from "../door";
import { formatRecoveryKey } from "../signal/recovery-key";
import { readMeta } from "../storage/database";
import { readSecret } from "../storage/secrets";
import { CallError } from "../transport/api";
import type { AccountPhase } from "./account-phase";
import type { EngineContext } from "./engine-context";
import { done, type OutcomeOf, outcome } from "./outcome";
import { askWhoIAm, changeAccount, checkRecoveryKey, clearStore, createAccountKeys, leaveAccount } from "./registration";

type AccountCommands = Pick<
  Commands,
  | "signUp"
  | "signIn"
  | "signOut"
  | "restore"
  | "resetKeys"
  | "showRecoveryKey"
  | "confirmRecoveryKey"
  | "remindOfRecoveryKey"
  | "changePassword"
  | "deleteAccount"
  | "listSessions"
  | "revokeSession"
  | "listInvites"
  | "createInvite"
>;

export function accountCommands(ctx: EngineContext, phase: AccountPhase): AccountCommands {
  const { api, db } = ctx;
  return {
    signUp: ({ username, password, invite }) => outcome(() => signUp(ctx, phase, { username, password, ...(invite && { invite }) })),
    signIn: ({ username, password }) =>
      done(async () => {
        const account = await readMeta(db, "account");
        await api.signIn(account?.username ?? username, password);
        await phase.resolve();
      }),
    signOut: () =>
      done(async () => {
        if (await readMeta(db, "account")) await leaveAccount(ctx);
        else await api.signOut();
        await phase.resolve();
      }),
    restore: ({ recoveryKey }) => outcome(() => restore(ctx, phase, recoveryKey)),
    resetKeys: ({ password }) => outcome(() => resetKeys(ctx, phase, password)),
    showRecoveryKey: () =>
      outcome(async () => {
        const key = await readSecret(db, ctx.wrapping, "recovery");
        return { recoveryKey: key ? formatRecoveryKey(key) : null };
      }),
    confirmRecoveryKey: () =>
      done(async () => {
        await db.secrets.delete(["recovery", 0]);
        await changeAccount(db, { recoveryKeyPending: false });
      }),
    remindOfRecoveryKey: ({ atMs }) => done(() => changeAccount(db, { remindAtMs: atMs })),
    changePassword: (input) => done(() => api.call((c) => c.accounts.changePassword.mutate(input))),
    deleteAccount: ({ password }) =>
      done(async () => {
        await api.call((c) => c.accounts.deleteAccount.mutate({ password }));
        await clearStore(db);
        await phase.resolve();
      }),
    listSessions: () => outcome(() => api.call((c) => c.sessions.list.query())),
    revokeSession: ({ sessionId }) => done(() => api.call((c) => c.sessions.revoke.mutate({ sessionId }))),
    listInvites: () => outcome(() => api.call((c) => c.invites.list.query())),
    createInvite: ({ validDays }) => outcome(() => api.call((c) => c.invites.create.mutate({ validDays }))),
  };
}

async function signUp(
  ctx: EngineContext,
  phase: AccountPhase,
  input: { username: string; password: string; invite?: string },
): OutcomeOf<"signUp"> {
  const me = await ctx.api.call((c) => c.accounts.signUp.mutate(input));
  const made = await createAccountKeys(ctx, { userId: me.userId, username: me.username, isAdmin: me.isAdmin }, { kind: "first" });
  await phase.resolve();
  return made;
}

async function restore(ctx: EngineContext, phase: AccountPhase, text: string): OutcomeOf<"restore"> {
  const me = await askWhoIAm(ctx);
  const recoveryKey = await checkRecoveryKey(ctx, me.userId, text);
  if (!recoveryKey) throw new CallError("bad_request", { reason: "wrong_recovery_key" });
  const account = { userId: me.userId, username: me.username, isAdmin: me.isAdmin };
  const made = await createAccountKeys(ctx, account, { kind: "restored", recoveryKey });
  await phase.resolve();
  return made;
}

async function resetKeys(ctx: EngineContext, phase: AccountPhase, password: string): OutcomeOf<"resetKeys"> {
  const me = await askWhoIAm(ctx);
  await ctx.api.signIn(me.username, password); // the password again: this can't be taken back
  const account = { userId: me.userId, username: me.username, isAdmin: me.isAdmin };
  const made = await createAccountKeys(ctx, account, { kind: "reset" });
  await phase.resolve();
  return made;
}
