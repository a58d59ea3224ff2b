/** The Double Ratchet (its specification's § 3) over session values. A session's keys move only in the value that is returned.
 *  Differences, both allowed by §§ 3 and 6: our new ratchet pair is made when something is sent, not when something is received; and
 *  the keys of a finished chain's missing messages are derived when they arrive, so lost messages cost no storage. */
import { constantTimeEqual, type EcPublicKey, type Random } from "@/server/contract/signatures";
import {
  agree,
  type ChainKey,
  type CipherKey,
  decryptCbc,
  type EcKeyPair,
  encryptCbc,
  generateKeyPair,
  hkdf,
  hmacSha256,
  type MacKey,
  type MessageKeySeed,
  type RootKey,
  wipe,
} from "./primitives";
import {
  MAX_KEYS_AHEAD,
  MAX_RECEIVING_CHAINS,
  MAX_SKIPPED_KEYS,
  type ReceivingChain,
  type SendingChain,
  type Session,
  type SkippedKey,
} from "./session-state";
import type { DecodedMessage, Suite } from "./suite";

export type Opened =
  | { readonly ok: true; readonly session: Session; readonly plaintext: Uint8Array }
  | { readonly ok: false; readonly reason: "duplicate" | "too_far_ahead" | "bad_mac" | "bad_key" | "malformed" };

const MESSAGE_KEY_STEP = Uint8Array.of(1);
const CHAIN_KEY_STEP = Uint8Array.of(2);
const NO_SALT = new Uint8Array(32);
/** Counters are u32; far beyond what one chain can reach in a year of sending. */
const MAX_COUNTER = 0xffff_ffff;

/** Encrypts under the session's next message key. Returns null when the session can't go on (key agreement refused, counter spent). */
export function seal(
  suite: Suite,
  session: Session,
  plaintext: Uint8Array,
  random: Random,
): { readonly session: Session; readonly message: Uint8Array } | null {
  const ready = session.sending === null ? startSendingChain(suite, session, random) : { rootKey: session.rootKey, chain: session.sending };
  if (ready === null || ready.chain.nextCounter > MAX_COUNTER) return null;
  const { chain, rootKey } = ready;
  const { seed, next } = step(chain.chainKey);
  const keys = messageKeys(suite, seed);
  const ciphertext = encryptCbc(keys.cipherKey, keys.iv, plaintext);
  const prefix = suite.macPrefix(session.associatedData, session.localIdentityKey, session.remoteIdentityKey);
  const message = suite.encode(
    {
      header: session.unacknowledged?.header ?? null,
      ratchetKey: chain.ratchet.publicKey,
      counter: chain.nextCounter,
      previousLength: session.previousLength,
      ciphertext,
    },
    (authenticated) => mac(suite, keys.macKey, prefix, authenticated),
  );
  wipe(keys.all, seed);
  const sending: SendingChain = { ratchet: chain.ratchet, chainKey: next, nextCounter: chain.nextCounter + 1 };
  return { session: { ...session, rootKey, sending }, message };
}

/** Whether the session already has the chain that the message names. */
export function knowsChain(session: Session, ratchetKey: EcPublicKey): boolean {
  return session.receiving.some((chain) => constantTimeEqual(chain.ratchetKey, ratchetKey));
}

/** Decrypts with this session: in a chain it knows, or after a step of the ratchet with `ownRatchet` (by default the sending chain's). */
export function unseal(suite: Suite, session: Session, message: DecodedMessage, ownRatchet: EcKeyPair | null = null): Opened {
  const known = session.receiving.find((chain) => constantTimeEqual(chain.ratchetKey, message.ratchetKey));
  if (known !== undefined) return openInChain(suite, session, known, message);
  const stepped = stepReceiving(suite, session, message, ownRatchet ?? session.sending?.ratchet ?? null);
  return stepped.ok ? openInChain(suite, stepped.session, stepped.chain, message) : stepped;
}

/** The keys of the chain after a Diffie-Hellman step (KDF_RK), or null when the key agreement is refused. */
function kdfRoot(suite: Suite, rootKey: RootKey, own: EcKeyPair, theirs: EcPublicKey): { rootKey: RootKey; chainKey: ChainKey } | null {
  const shared = agree(own.privateKey, theirs);
  if (shared === null) return null;
  const derived = hkdf(shared, rootKey, suite.infos.ratchet, 64);
  const keys = { rootKey: derived.slice(0, 32) as RootKey, chainKey: derived.slice(32) as ChainKey };
  wipe(shared, derived);
  return keys;
}

/** KDF_CK: the seed of this message's keys, and the next chain key. */
export function step(chainKey: ChainKey): { seed: MessageKeySeed; next: ChainKey } {
  return {
    seed: hmacSha256(chainKey, MESSAGE_KEY_STEP) as MessageKeySeed,
    next: hmacSha256(chainKey, CHAIN_KEY_STEP) as ChainKey,
  };
}

function messageKeys(suite: Suite, seed: MessageKeySeed) {
  const all = hkdf(seed, NO_SALT, suite.infos.messageKeys, 80);
  return { all, cipherKey: all.subarray(0, 32) as CipherKey, macKey: all.subarray(32, 64) as MacKey, iv: all.subarray(64) };
}

function mac(suite: Suite, macKey: MacKey, prefix: Uint8Array, authenticated: Uint8Array): Uint8Array {
  return hmacSha256(macKey, prefix, authenticated).subarray(0, suite.macBytes);
}

function startSendingChain(suite: Suite, session: Session, random: Random): { rootKey: RootKey; chain: SendingChain } | null {
  const ratchet = generateKeyPair(random);
  const derived = kdfRoot(suite, session.rootKey, ratchet, session.remoteRatchetKey);
  return derived && { rootKey: derived.rootKey, chain: { ratchet, chainKey: derived.chainKey, nextCounter: 0 } };
}

type Stepped = { ok: true; session: Session; chain: ReceivingChain } | { ok: false; reason: "too_far_ahead" | "bad_mac" | "bad_key" };

/** The receiving half of a ratchet step. Our pair is spent by it: the next thing we send makes a new one. */
function stepReceiving(suite: Suite, session: Session, message: DecodedMessage, own: EcKeyPair | null): Stepped {
  // Without a pair of ours that the peer could have answered, no new key of the peer can be genuine.
  if (own === null) return { ok: false, reason: "bad_mac" };
  // Checked before anything is derived.
  if (message.counter > MAX_KEYS_AHEAD) return { ok: false, reason: "too_far_ahead" };
  const derived = kdfRoot(suite, session.rootKey, own, message.ratchetKey);
  if (derived === null) return { ok: false, reason: "bad_key" };
  const chain: ReceivingChain = { ratchetKey: message.ratchetKey, chainKey: derived.chainKey, nextCounter: 0, length: null, skipped: [] };
  const newest = session.receiving.at(-1);
  const finished = newest && message.previousLength !== null ? [finish(newest, message.previousLength)] : newest ? [newest] : [];
  const receiving = [...session.receiving.slice(0, -1), ...finished, chain].slice(-MAX_RECEIVING_CHAINS);
  const previousLength = session.sending?.nextCounter ?? session.previousLength;
  return {
    ok: true,
    chain,
    session: { ...session, rootKey: derived.rootKey, remoteRatchetKey: message.ratchetKey, sending: null, previousLength, receiving },
  };
}

/** The peer went on to another chain and says how long this one was: nothing beyond that can be derived any more. */
function finish(chain: ReceivingChain, claimedLength: number): ReceivingChain {
  const length = Math.max(claimedLength, chain.nextCounter);
  return { ...chain, length, chainKey: chain.nextCounter >= length ? null : chain.chainKey };
}

function openInChain(suite: Suite, session: Session, chain: ReceivingChain, message: DecodedMessage): Opened {
  const found = findSeed(chain, message.counter);
  if (!found.ok) return found;
  const keys = messageKeys(suite, found.seed);
  const prefix = suite.macPrefix(session.associatedData, session.remoteIdentityKey, session.localIdentityKey);
  const isGenuine = constantTimeEqual(mac(suite, keys.macKey, prefix, message.authenticated), message.mac);
  const plaintext = isGenuine ? decryptCbc(keys.cipherKey, keys.iv, message.ciphertext) : null;
  wipe(keys.all, found.seed);
  if (!isGenuine) return { ok: false, reason: "bad_mac" };
  if (plaintext === null) return { ok: false, reason: "malformed" };
  const receiving = session.receiving.map((other) => (other === chain ? found.chain : other));
  return { ok: true, plaintext, session: { ...session, receiving: forgetOldest(receiving), unacknowledged: null } };
}

/** `seed` is nobody else's: wipe it after use. */
type Found = { ok: true; seed: MessageKeySeed; chain: ReceivingChain } | { ok: false; reason: "duplicate" | "too_far_ahead" | "malformed" };

function findSeed(chain: ReceivingChain, counter: number): Found {
  if (counter < chain.nextCounter) {
    const kept = chain.skipped.find((key) => key.counter === counter);
    if (kept === undefined) return { ok: false, reason: "duplicate" };
    return {
      ok: true,
      seed: kept.seed.slice() as MessageKeySeed,
      chain: { ...chain, skipped: chain.skipped.filter((key) => key !== kept) },
    };
  }
  if (chain.chainKey === null || (chain.length !== null && counter >= chain.length)) return { ok: false, reason: "malformed" };
  if (counter - chain.nextCounter > MAX_KEYS_AHEAD) return { ok: false, reason: "too_far_ahead" };
  const skipped: SkippedKey[] = [...chain.skipped];
  let { seed, next } = step(chain.chainKey);
  for (let at = chain.nextCounter; at < counter; at++) {
    const passed = next;
    skipped.push({ counter: at, seed });
    ({ seed, next } = step(passed));
    wipe(passed);
  }
  const isFinished = chain.length !== null && counter + 1 >= chain.length;
  if (isFinished) wipe(next);
  return { ok: true, seed, chain: { ...chain, chainKey: isFinished ? null : next, nextCounter: counter + 1, skipped } };
}

/** Keeps MAX_SKIPPED_KEYS keys in the session: the oldest chains lose theirs first, lowest counters first. */
function forgetOldest(receiving: readonly ReceivingChain[]): readonly ReceivingChain[] {
  let excess = receiving.reduce((sum, chain) => sum + chain.skipped.length, 0) - MAX_SKIPPED_KEYS;
  if (excess <= 0) return receiving;
  return receiving.map((chain) => {
    const skipped = chain.skipped.slice(Math.min(Math.max(excess, 0), chain.skipped.length));
    excess -= chain.skipped.length - skipped.length;
    return skipped.length === chain.skipped.length ? chain : { ...chain, skipped };
  });
}
