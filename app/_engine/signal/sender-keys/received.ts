/** Other devices' sender keys: takes what they hand out and opens what they encrypt. Invariants: nothing is derived before the signature
 *  is verified, a message that fails changes nothing, and no message opens twice, whatever is handed out again. */
import { constantTimeEqual } from "@/server/contract/signatures";
import { decryptCbc, type MessageKeySeed, wipe } from "../primitives";
import { groupMessageKeys, walk } from "./chain";
import { parleySenderKeys } from "./format";
import { MAX_SENDER_KEYS, MAX_SKIPPED_STEPS, MAX_STEPS_AHEAD, type ReceivedSenderKey, type SenderKeyRecord } from "./state";
import type {
  DecodedSenderKeyMessage,
  Distribution,
  SenderKeyContext,
  SenderKeySuite,
  UnreadableDistribution,
  UnreadableMessage,
} from "./suite";

export type ProcessDistributionOptions = {
  readonly suite?: SenderKeySuite;
  /** The chat and the device in whose session the distribution came. */
  readonly context: SenderKeyContext;
  /** What is stored for this context; null when there is nothing yet. */
  readonly record: SenderKeyRecord | null;
  readonly distribution: Uint8Array;
};

export type Processed = { readonly ok: true; readonly record: SenderKeyRecord } | { readonly ok: false; readonly reason: ProcessFailure };

type ProcessFailure =
  | UnreadableDistribution
  /** A key id that is known, with another signing key or another chain: the sender went back in time, or lies. The known key stays. */
  | "conflict"
  /** A key id that was forgotten, or one older than the five kept: it could open again what it opened before. Ask for a re-send. */
  | "forgotten_key"
  /** More than 2,000 steps between the given step and the known ones: not looked at. No sender uses a key for so long. Ask for a re-send. */
  | "too_many_steps";

/** Takes a sender key. A new key id stands beside the others, and the one with the smallest id is forgotten when there are six.
 *  A known key id must have the known signing key, and lead to the same chain; then
 *  - from an earlier step than any that was given, it adds the keys of the steps between (a repair);
 *  - from every other step it changes nothing: what was opened or forgotten stays closed, what is ahead can be derived already. */
export function processDistribution({ suite = parleySenderKeys, context, record, distribution }: ProcessDistributionOptions): Processed {
  const decoded = suite.decodeDistribution(context, distribution);
  if (!decoded.ok) return decoded;
  const before = record ?? { version: suite.version, keys: [] };
  if (before.version !== suite.version) return { ok: false, reason: "unsupported_version" };
  const given = decoded.distribution;
  const known = before.keys.find((key) => key.keyId === given.keyId);
  if (known !== undefined) return extend(before, known, given);
  if (isForgotten(before, given.keyId)) return { ok: false, reason: "forgotten_key" };
  const { keyId, signingKey, iteration, chainKey } = given;
  const fresh: ReceivedSenderKey = { keyId, signingKey, next: { iteration, chainKey }, earliest: iteration, skipped: [] };
  const keys = [...before.keys, fresh].sort((a, b) => b.keyId - a.keyId);
  return { ok: true, record: { ...before, keys: keys.slice(0, MAX_SENDER_KEYS) } };
}

export type GroupDecryptOptions = {
  readonly suite?: SenderKeySuite;
  /** The chat and the sending device of the entry. */
  readonly context: SenderKeyContext;
  /** What is stored for this context; null when there is nothing. */
  readonly record: SenderKeyRecord | null;
  readonly message: Uint8Array;
};

export type GroupDecrypted =
  | { readonly ok: true; readonly record: SenderKeyRecord; readonly plaintext: Uint8Array }
  | { readonly ok: false; readonly reason: GroupDecryptFailure };

type GroupDecryptFailure =
  | UnreadableMessage
  /** This key was never handed to this device, or that has not come yet: keep the message, and ask for the key. */
  | "unknown_key"
  /** The key was forgotten for newer ones. If the message is not here it comes too late: ask for a re-send. */
  | "forgotten_key"
  /** Changed on the way, of another chat or another device than the entry says, or not by who owns the key. */
  | "bad_signature"
  /** From before the step at which the key was handed to this device: ask for the key at that step. */
  | "step_not_held"
  /** Opened before, or one of more than 2,000 missing of this key: drop it quietly. */
  | "duplicate"
  /** More than 2,000 messages of this key are missing before this one. No sender uses a key for so long. Ask for a re-send. */
  | "too_far_ahead";

/** Decrypts what the context's device sent to all. On success store `record` with the plaintext; on failure store nothing. */
export function groupDecrypt({ suite = parleySenderKeys, context, record, message }: GroupDecryptOptions): GroupDecrypted {
  const decoded = suite.decodeMessage(context, message);
  if (!decoded.ok) return decoded;
  if (record === null) return { ok: false, reason: "unknown_key" };
  if (record.version !== suite.version) return { ok: false, reason: "unsupported_version" };
  const { keyId, authenticated, signature } = decoded.message;
  const known = record.keys.find((key) => key.keyId === keyId);
  if (known === undefined) return { ok: false, reason: isForgotten(record, keyId) ? "forgotten_key" : "unknown_key" };
  const isGenuine = suite.verifySignature(known.signingKey, suite.signingInput(context, authenticated), signature);
  return isGenuine ? open(suite, record, known, decoded.message) : { ok: false, reason: "bad_signature" };
}

/** Whether a key that is not here was here before, or would be the oldest of six. */
function isForgotten({ keys }: SenderKeyRecord, keyId: number): boolean {
  const oldest = keys[MAX_SENDER_KEYS - 1];
  return oldest !== undefined && keyId < oldest.keyId;
}

/** A distribution of a known key id. Walks from the earlier of both steps to the later one, where the chain keys must be the same. */
function extend(record: SenderKeyRecord, known: ReceivedSenderKey, given: Distribution): Processed {
  if (!constantTimeEqual(known.signingKey, given.signingKey)) return { ok: false, reason: "conflict" };
  const [from, to] = given.iteration < known.next.iteration ? [given, known.next] : [known.next, given];
  if (to.iteration - from.iteration > MAX_STEPS_AHEAD) return { ok: false, reason: "too_many_steps" };
  const { at, passed } = walk(from, to.iteration);
  const isSameChain = constantTimeEqual(at.chainKey, to.chainKey);
  const gained = isSameChain ? passed.filter(({ counter }) => counter < known.earliest) : [];
  wipe(at.chainKey, ...passed.slice(gained.length).map(({ seed }) => seed));
  if (!isSameChain) return { ok: false, reason: "conflict" };
  if (gained.length === 0) return { ok: true, record };
  return { ok: true, record: replace(record, known, { ...known, earliest: given.iteration, skipped: [...gained, ...known.skipped] }) };
}

function open(suite: SenderKeySuite, record: SenderKeyRecord, known: ReceivedSenderKey, message: DecodedSenderKeyMessage): GroupDecrypted {
  const found = findSeed(known, message.iteration);
  if (!found.ok) return found;
  const { all, cipherKey, iv } = groupMessageKeys(suite, found.seed);
  const plaintext = decryptCbc(cipherKey, iv, message.ciphertext);
  wipe(all, found.seed);
  if (plaintext === null) return { ok: false, reason: "malformed" };
  return { ok: true, plaintext, record: replace(record, known, found.key) };
}

/** `seed` is nobody else's: wipe it after use. */
type Found =
  | { readonly ok: true; readonly seed: MessageKeySeed; readonly key: ReceivedSenderKey }
  | { readonly ok: false; readonly reason: "step_not_held" | "duplicate" | "too_far_ahead" };

function findSeed(key: ReceivedSenderKey, iteration: number): Found {
  const { next, earliest, skipped } = key;
  if (iteration < earliest) return { ok: false, reason: "step_not_held" };
  if (iteration < next.iteration) {
    const kept = skipped.find(({ counter }) => counter === iteration);
    if (kept === undefined) return { ok: false, reason: "duplicate" };
    return { ok: true, seed: kept.seed.slice() as MessageKeySeed, key: { ...key, skipped: skipped.filter((each) => each !== kept) } };
  }
  if (iteration - next.iteration > MAX_STEPS_AHEAD) return { ok: false, reason: "too_far_ahead" };
  const { at, passed } = walk(next, iteration + 1);
  const { seed } = passed.pop() as (typeof passed)[number];
  return { ok: true, seed, key: { ...key, next: at, skipped: [...skipped, ...passed].slice(-MAX_SKIPPED_STEPS) } };
}

function replace(record: SenderKeyRecord, known: ReceivedSenderKey, by: ReceivedSenderKey): SenderKeyRecord {
  return { ...record, keys: record.keys.map((key) => (key === known ? by : key)) };
}
