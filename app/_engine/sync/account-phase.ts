/** Who is signed in here: from the store first, so that a start without network shows the chats at once; then from the server. */

import type { AccountView } from "../door";
import { type EngineDatabase, readMeta } from "../storage/database";
import { CallError } from "../transport/api";
import type { EngineContext } from "./engine-context";
import { attachSession, changeAccount, createAccountKeys, registerPending } from "./registration";
import { watchStore } from "./views";

export type AccountPhase = {
  /** Asks the server again. Never throws. */
  resolve(): Promise<void>;
  watch(listener: (view: AccountView) => void): () => void;
  close(): void;
};

const RETRY_MS = 3_000;

export function createAccountPhase(ctx: EngineContext): AccountPhase {
  const listeners = new Set<(view: AccountView) => void>();
  let withoutKeys: AccountView = { phase: "starting" };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: AccountView = withoutKeys;
  let hadAccount = false;

  const show = async () => {
    current = (await storedAccount(ctx.db)) ?? withoutKeys;
    for (const listener of listeners) listener(current);
  };
  const resolve = async () => {
    clearTimeout(timer);
    try {
      withoutKeys = (await readMeta(ctx.db, "account")) ? await resolveStored(ctx) : await resolveFresh(ctx);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (withoutKeys.phase === "starting" && !(await storedAccount(ctx.db))) withoutKeys = { phase: "signed_out", server: null };
      timer = setTimeout(() => void resolve(), RETRY_MS);
    }
    await show();
  };
  const stop = watchStore(
    () => readMeta(ctx.db, "account"),
    (account) => {
      // Signed out in another tab, or removed by another device.
      if (hadAccount && !account) void resolve();
      hadAccount = account !== undefined;
      void show();
    },
  );
  return {
    resolve,
    watch(listener) {
      listeners.add(listener);
      listener(current);
      return () => listeners.delete(listener);
    },
    close() {
      clearTimeout(timer);
      stop();
    },
  };
}

/** What the store alone says; undefined while it has no registered device. */
async function storedAccount(db: EngineDatabase): Promise<AccountView | undefined> {
  const account = await readMeta(db, "account");
  if (!account || account.pendingRegistration) return undefined;
  const { userId, username, deviceId, isAdmin, recoveryKeyPending, remindAtMs } = account;
  if (account.sessionEnded) return { phase: "sign_in_again", userId, username };
  return { phase: "ready", userId, username, deviceId, isAdmin, recoveryKeyPending, remindAtMs };
}

/** Keys are here: finish a registration that was cut off, and see whether the sign-in still holds. Throws CallError. */
async function resolveStored(ctx: EngineContext): Promise<AccountView> {
  const account = await readMeta(ctx.db, "account");
  try {
    await registerPending(ctx);
  } catch (error) {
    const code = error instanceof CallError ? error.code : undefined;
    if (code !== "stale_manifest" && code !== "bad_request" && code !== "forbidden") throw error;
    // Either the server took it long ago and only the answer got lost, or another browser was faster and this device never came to be:
    // then attaching forgets it.
    if (!(await attachSession(ctx))) return resolveFresh(ctx);
    await changeAccount(ctx.db, { pendingRegistration: null });
  }
  const me = await ctx.api.call((c) => c.accounts.me.query());
  if (me === null || me.userId !== account?.userId) await changeAccount(ctx.db, { sessionEnded: true });
  else if (me.deviceId === account.deviceId || (await attachSession(ctx))) {
    await changeAccount(ctx.db, { sessionEnded: false, isAdmin: me.isAdmin });
  }
  return { phase: "starting" };
}

/** No keys here. Throws CallError when the server doesn't answer. */
async function resolveFresh(ctx: EngineContext): Promise<AccountView> {
  const me = await ctx.api.call((c) => c.accounts.me.query());
  if (me === null) return { phase: "signed_out", server: await ctx.api.call((c) => c.accounts.server.query()) };
  if (me.hasManifest) return { phase: "needs_keys", username: me.username, isAdmin: me.isAdmin };
  // Signed up, and cut off before the keys were made.
  await createAccountKeys(ctx, { userId: me.userId, username: me.username, isAdmin: me.isAdmin }, { kind: "first" });
  return { phase: "starting" };
}
