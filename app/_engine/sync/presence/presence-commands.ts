/** Commands about presence and typing, and the account's own settings of both. */
import type { Privacy } from "@/server/contract/presence";
import type { Commands } from "../../door";
import { readMeta, writeMeta } from "../../storage/database";
import type { EngineContext } from "../engine-context";
import { done } from "../outcome";
import type { TabBus } from "./tab-bus";

export function presenceCommands(ctx: EngineContext, bus: TabBus): Pick<Commands, "setTyping" | "setPrivacy"> {
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other, so that the last answer is the last change's. */
  const change = (next: Partial<Privacy>): Promise<void> => {
    const result = last.then(async () => storePrivacy(ctx, await ctx.api.call((c) => c.presence.setPrivacy.mutate(next))));
    last = result.catch(() => {});
    return result;
  };
  return {
    setTyping: ({ chatId, typing }) => done(async () => bus.post({ kind: "typing", chatId, typing })),
    setPrivacy: (next) => done(() => change(next)),
  };
}

/** Asks the server for the account's settings: another device may have changed them. Throws CallError. */
export async function refreshPrivacy(ctx: EngineContext): Promise<void> {
  await storePrivacy(ctx, await ctx.api.call((c) => c.presence.privacy.query()));
}

/** Keeps the settings for all tabs of this device. */
export async function storePrivacy(ctx: EngineContext, privacy: Privacy): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.meta, async () => {
    if (await readMeta(db, "account")) await writeMeta(db, "privacy", privacy); // unless signed out meanwhile
  });
}
