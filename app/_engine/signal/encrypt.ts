/** Encrypts for one device. The caller stores the new record before anything reaches the network: a key is never used twice. */
import { randomBytes } from "@noble/hashes/utils.js";
import { constantTimeEqual, type Random } from "@/server/contract/signatures";
import { pqxdh } from "./pqxdh";
import { seal } from "./ratchet";
import { MAX_UNACKNOWLEDGED_MS, type RemoteDevice, type SessionRecord } from "./session-state";
import type { Suite } from "./suite";

export type EncryptOptions = {
  readonly suite?: Suite;
  readonly remote: RemoteDevice;
  readonly record: SessionRecord | null;
  /** Padded already: the ciphertext's length tells the plaintext's to 16 bytes. */
  readonly plaintext: Uint8Array;
  readonly nowMs: number;
  readonly random?: Random;
};

export type Encrypted =
  | { readonly ok: true; readonly record: SessionRecord; readonly message: Uint8Array }
  /** There is no current session, it is spent, or the peer has not answered it for 7 days: claim prekeys and start one. */
  | { readonly ok: false; readonly reason: "needs_new_session" }
  /** The session was made with another identity key than the manifest lists now. */
  | { readonly ok: false; readonly reason: "identity_mismatch" };

/** Encrypts in the current session: as a first message until the peer has answered, then as a ratchet message. */
export function encrypt({ suite = pqxdh, remote, record, plaintext, nowMs, random = randomBytes }: EncryptOptions): Encrypted {
  const current = record?.current ?? null;
  if (record === null || current === null || current.version !== suite.version) return { ok: false, reason: "needs_new_session" };
  if (!constantTimeEqual(current.remoteIdentityKey, remote.identityKey)) return { ok: false, reason: "identity_mismatch" };
  const isTooOld = current.unacknowledged !== null && nowMs - current.unacknowledged.startedAtMs > MAX_UNACKNOWLEDGED_MS;
  const sealed = isTooOld ? null : seal(suite, current, plaintext, random);
  if (sealed === null) return { ok: false, reason: "needs_new_session" };
  return { ok: true, record: { ...record, current: sealed.session }, message: sealed.message };
}
