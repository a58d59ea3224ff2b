/** Sender keys as values: what a device keeps of its own, and what it was given of another device's, for one chat. */
import type { EcPublicKey } from "@/server/contract/signatures";
import type { ChainKey, EcKeyPair } from "../primitives";
import type { SkippedKey } from "../session-state";

/** No receiver looks further ahead in one step, nor takes an earlier step further back. */
export const MAX_STEPS_AHEAD = 2_000;
/** Kept keys of messages that have not come yet, per sender key; the oldest are forgotten first. */
export const MAX_SKIPPED_STEPS = 2_000;
/** Sender keys of one device in one chat that a receiver keeps; and so, that their owner keeps. */
export const MAX_SENDER_KEYS = 5;
/** A sender key is replaced at this age, or after so many messages: whoever steals it reads no more than that. */
export const MAX_SENDER_KEY_AGE_MS = 7 * 86_400_000;
export const MAX_SENDER_KEY_MESSAGES = 1_000;
/** Own steps older than that are not handed out again: the server has deleted what they open. */
export const MAX_STEP_KEPT_MS = 38 * 86_400_000;
/** Steps and key ids are u32. */
export const MAX_STEP = 0xffff_ffff;

/** A place in a sender key's chain: from this chain key all messages from `iteration` on can be derived, none before. */
export type ChainStep = { readonly iteration: number; readonly chainKey: ChainKey };

/** A key that is not used any more: it signs nothing, and is only handed out to devices that lack it. */
export type RetiredSenderKey = {
  readonly keyId: number;
  readonly signingKey: EcPublicKey;
  /** The first step that may still be handed out. Below `end`. */
  readonly earliest: ChainStep;
  /** The step behind its last message. */
  readonly end: number;
  readonly createdAtMs: number;
};

export type CurrentSenderKey = {
  readonly keyId: number;
  readonly signing: EcKeyPair;
  /** Where the next message stands. Chains begin at step 0, so its iteration is the number of messages sent. */
  readonly next: ChainStep;
  /** The first step that may still be handed out; `next` or before it. */
  readonly earliest: ChainStep;
  readonly createdAtMs: number;
};

/** This device's own sender keys in one chat. */
export type OwnSenderKeys = {
  /** The suite's version byte. */
  readonly version: number;
  /** Greatest key id that this device ever used in the chat. It stays when the keys are dropped. */
  readonly lastKeyId: number;
  readonly current: CurrentSenderKey | null;
  /** Newest first. */
  readonly retired: readonly RetiredSenderKey[];
};

/** One sender key of another device. */
export type ReceivedSenderKey = {
  readonly keyId: number;
  readonly signingKey: EcPublicKey;
  /** Behind the greatest step that was opened or passed over. */
  readonly next: ChainStep;
  /** Lowest step that this device was ever given: the ones below were never here, the ones from here to `next` were opened,
   *  or are in `skipped`, or were forgotten for want of room. */
  readonly earliest: number;
  /** Keys of messages that have not come yet; by counter, ascending. */
  readonly skipped: readonly SkippedKey[];
};

/** What this device was given of one other device's sender keys in one chat. */
export type SenderKeyRecord = {
  /** The suite's version byte. */
  readonly version: number;
  /** By key id, greatest (newest) first. Once there are five, every smaller id that is not here is forgotten for good: given again, such a
   *  key could open again what it opened before. */
  readonly keys: readonly ReceivedSenderKey[];
};

/** Whether the current key must be replaced before the next message: there is none, it is 7 days old, or 1,000 messages went out under
 *  it. A key from the future counts its days too: the clock was set back. That a holder left the audience is for the caller to see. */
export function isRotationDue(keys: OwnSenderKeys | null, nowMs: number): boolean {
  const current = keys?.current ?? null;
  if (current === null) return true;
  return Math.abs(nowMs - current.createdAtMs) >= MAX_SENDER_KEY_AGE_MS || current.next.iteration >= MAX_SENDER_KEY_MESSAGES;
}
