/** This device's own sender keys: encrypts one ciphertext for all, and hands the keys out. The caller stores the new value before
 *  anything reaches the network, decides who gets a key, and replaces it when somebody who holds it left the audience. */
import { concatBytes, randomBytes } from "@noble/hashes/utils.js";
import { type Random, signXEdDSA } from "@/server/contract/signatures";
import { type ChainKey, encryptCbc, generateKeyPair, wipe } from "../primitives";
import { step } from "../ratchet";
import { advance, groupMessageKeys } from "./chain";
import { parleySenderKeys } from "./format";
import {
  type ChainStep,
  type CurrentSenderKey,
  MAX_SENDER_KEYS,
  MAX_STEP,
  MAX_STEP_KEPT_MS,
  type OwnSenderKeys,
  type RetiredSenderKey,
} from "./state";
import type { SenderKeyContext, SenderKeySuite } from "./suite";

/** Key ids follow the clock up to here, and only count above: a clock that is far ahead must not use them up. */
const MAX_CLOCK_KEY_ID = 0xf000_0000;

export type CreateSenderKeyOptions = {
  readonly suite?: SenderKeySuite;
  /** Null when this device never had a key in the chat. */
  readonly keys: OwnSenderKeys | null;
  readonly nowMs: number;
  readonly random?: Random;
};

/** Makes a new current key at step 0. The one before is retired without the private half of its signing key.
 *  Key ids grow: the clock's seconds, or one more than the last, whichever is greater. So receivers forget old keys for good by one
 *  number, and a store that went back in time uses no id again, as it would by counting alone. Throws RangeError when all are used. */
export function createSenderKey({ suite = parleySenderKeys, keys, nowMs, random = randomBytes }: CreateSenderKeyOptions): OwnSenderKeys {
  const lastKeyId = keys?.lastKeyId ?? -1;
  if (lastKeyId >= MAX_STEP) throw new RangeError("every key id is used");
  const keyId = Math.max(lastKeyId + 1, Math.min(Math.floor(nowMs / 1_000), MAX_CLOCK_KEY_ID));
  const first: ChainStep = { iteration: 0, chainKey: random(32) as ChainKey };
  const current: CurrentSenderKey = { keyId, signing: generateKeyPair(random), next: first, earliest: first, createdAtMs: nowMs };
  const retired = keys?.version === suite.version ? retire(dropExpiredKeys(keys, nowMs)) : [];
  return { version: suite.version, lastKeyId: keyId, current, retired };
}

export type GroupEncryptOptions = {
  readonly suite?: SenderKeySuite;
  readonly context: SenderKeyContext;
  readonly keys: OwnSenderKeys | null;
  /** Padded already: the ciphertext's length tells the plaintext's to 16 bytes. */
  readonly plaintext: Uint8Array;
  readonly random?: Random;
};

export type GroupEncrypted =
  | { readonly ok: true; readonly keys: OwnSenderKeys; readonly message: Uint8Array }
  /** There is no current key (yet, or it was dropped), or each of its 2^32 steps is used: create one and hand it out. */
  | { readonly ok: false; readonly reason: "needs_new_key" };

/** Encrypts under the next step of the current key, and signs with it. Whether it must be replaced first is the caller's to ask
 *  (isRotationDue, and the audience). */
export function groupEncrypt(options: GroupEncryptOptions): GroupEncrypted {
  const { suite = parleySenderKeys, context, keys, plaintext, random = randomBytes } = options;
  const current = keys?.version === suite.version ? keys.current : null;
  if (!keys || !current || current.next.iteration > MAX_STEP) return { ok: false, reason: "needs_new_key" };
  const { iteration, chainKey } = current.next;
  const { seed, next } = step(chainKey);
  const { all, cipherKey, iv } = groupMessageKeys(suite, seed);
  const ciphertext = encryptCbc(cipherKey, iv, plaintext);
  wipe(all, seed);
  const authenticated = suite.encodeMessage(context, { keyId: current.keyId, iteration, ciphertext });
  const signature = signXEdDSA(current.signing.privateKey, suite.signingInput(context, authenticated), random);
  const advanced: CurrentSenderKey = { ...current, next: { iteration: iteration + 1, chainKey: next } };
  return { ok: true, keys: { ...keys, current: advanced }, message: concatBytes(authenticated, signature) };
}

export type DistributeOptions = {
  readonly suite?: SenderKeySuite;
  readonly context: SenderKeyContext;
  readonly keys: OwnSenderKeys;
  /** The current key's next step by default. For a repair: the earliest step that the device lacks and whose audience had it. */
  readonly from?: { readonly keyId: number; readonly iteration: number };
};

/** What a device needs to read from a step on: a secret, for a session only. Returns null when that step can't be handed out (any more):
 *  the key or the step is unknown or forgotten, or nothing was or can be encrypted there. */
export function distribute({ suite = parleySenderKeys, context, keys, from }: DistributeOptions): Uint8Array | null {
  const { keyId, iteration } = from ?? { keyId: keys.current?.keyId, iteration: keys.current?.next.iteration ?? 0 };
  const key = keys.version === suite.version ? stepsOf(keys).find((each) => each.keyId === keyId) : undefined;
  const start = key?.steps.findLast((each) => each.iteration <= iteration);
  if (!key || !start || iteration > key.last) return null;
  const at = advance(start, iteration);
  const bytes = suite.encodeDistribution(context, { keyId: key.keyId, ...at, signingKey: key.signingKey });
  wipe(at.chainKey);
  return bytes;
}

/** Forgets the steps of a key before `iteration` (at most up to its end): once everyone has what they open, and when one of the messages
 *  that they open is deleted. A retired key without steps is gone. */
export function forgetStepsBefore(keys: OwnSenderKeys, keyId: number, iteration: number): OwnSenderKeys {
  const { current, retired } = keys;
  return {
    ...keys,
    current:
      current?.keyId === keyId ? { ...current, earliest: later(current.earliest, Math.min(iteration, current.next.iteration)) } : current,
    retired: retired
      .filter((key) => key.keyId !== keyId || iteration < key.end)
      .map((key) => (key.keyId === keyId ? { ...key, earliest: later(key.earliest, iteration) } : key)),
  };
}

/** Forgets keys made more than 38 days ago, the current one too: the server has deleted what they open. */
export function dropExpiredKeys(keys: OwnSenderKeys, nowMs: number): OwnSenderKeys {
  const isKept = ({ createdAtMs }: { createdAtMs: number }) => nowMs - createdAtMs <= MAX_STEP_KEPT_MS;
  return { ...keys, current: keys.current && isKept(keys.current) ? keys.current : null, retired: keys.retired.filter(isKept) };
}

/** Forgets all keys and remembers the last id: for a store that may have gone back in time, whose next steps were perhaps used. */
export function dropOwnSenderKeys(keys: OwnSenderKeys): OwnSenderKeys {
  return { ...keys, current: null, retired: [] };
}

/** The known steps of each key, ascending, and the last one that may be handed out. */
function stepsOf({ current, retired }: OwnSenderKeys) {
  const known = retired.map((key) => ({ ...key, steps: [key.earliest], last: key.end - 1 }));
  if (current === null) return known;
  const { keyId, signing, earliest, next } = current;
  return [{ keyId, signingKey: signing.publicKey, steps: [earliest, next], last: Math.min(next.iteration, MAX_STEP) }, ...known];
}

/** The retired keys once the current one is among them: as many as receivers keep beside a new one. */
function retire({ current, retired }: OwnSenderKeys): readonly RetiredSenderKey[] {
  if (current === null || current.earliest.iteration >= current.next.iteration) return retired.slice(0, MAX_SENDER_KEYS - 1);
  const { keyId, signing, earliest, next, createdAtMs } = current;
  return [{ keyId, signingKey: signing.publicKey, earliest, end: next.iteration, createdAtMs }, ...retired].slice(0, MAX_SENDER_KEYS - 1);
}

function later(earliest: ChainStep, iteration: number): ChainStep {
  return iteration > earliest.iteration ? advance(earliest, iteration) : earliest;
}
