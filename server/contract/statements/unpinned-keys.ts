/** Whoever adds people to a group says which keys are theirs, and may have been lied to. */
import type { UserId } from "../ids";
import { constantTimeEqual } from "../signatures";
import type { GroupEffect } from "./group-actions";

export type UnpinnedKey = { userId: UserId; accountKey: Uint8Array; pinnedAccountKey: Uint8Array };

/** The people whom an entry brought in under another account key than the one that this client pinned for them: it warns, and encrypts to
 *  neither key. `pinnedKeyOf` is null for people that the client does not know. */
export function unpinnedKeys(effects: readonly GroupEffect[], pinnedKeyOf: (userId: UserId) => Uint8Array | null): UnpinnedKey[] {
  return effects.flatMap((effect) => {
    if (effect.type !== "entered" && effect.type !== "identity_replaced" && effect.type !== "rekeyed") return [];
    const { userId, accountKey } = effect;
    const pinnedAccountKey = pinnedKeyOf(userId);
    return pinnedAccountKey && !constantTimeEqual(pinnedAccountKey, accountKey) ? [{ userId, accountKey, pinnedAccountKey }] : [];
  });
}
