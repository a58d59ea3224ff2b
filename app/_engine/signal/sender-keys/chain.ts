/** The chain of a sender key: the same steps as a session's chain, with message keys of their own. */
import { type ChainKey, type CipherKey, hkdf, type MessageKeySeed, wipe } from "../primitives";
import { step } from "../ratchet";
import type { SkippedKey } from "../session-state";
import type { ChainStep } from "./state";
import type { SenderKeySuite } from "./suite";

const NO_SALT = new Uint8Array(32);

/** Goes from one step to `iteration`, which is not before it. Returns a chain key of its own there, and the seeds of the messages between
 *  (the first of them is that of `from`), which are the caller's to keep or to wipe. */
export function walk(from: ChainStep, iteration: number): { readonly at: ChainStep; readonly passed: SkippedKey[] } {
  const passed: SkippedKey[] = [];
  let chainKey = from.chainKey.slice() as ChainKey;
  for (let counter = from.iteration; counter < iteration; counter++) {
    const { seed, next } = step(chainKey);
    passed.push({ counter, seed });
    wipe(chainKey);
    chainKey = next;
  }
  return { at: { iteration, chainKey }, passed };
}

/** walk, where only the place is wanted. */
export function advance(from: ChainStep, iteration: number): ChainStep {
  const { at, passed } = walk(from, iteration);
  for (const { seed } of passed) wipe(seed);
  return at;
}

/** AES key and IV of one message. `all` is what to wipe after use. */
export function groupMessageKeys(suite: SenderKeySuite, seed: MessageKeySeed) {
  const all = hkdf(seed, NO_SALT, suite.messageKeysInfo, 48);
  return { all, iv: all.subarray(0, 16), cipherKey: all.subarray(16) as CipherKey };
}
