/** Key agreement before the ratchet: X3DH § 3.3 and § 3.4, and with a KEM secret PQXDH (revision 3) § 3.3 and § 3.4. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import type { EcPublicKey, KemPublicKey, Random } from "@/server/contract/signatures";
import { signingInput } from "@/server/contract/signatures";
import type { KemPrekey, OneTimePrekey, SignedPrekey } from "./keys";
import {
  agree,
  decapsulate,
  type EcKeyPair,
  encapsulate,
  generateKeyPair,
  hkdf,
  type RootKey,
  type SharedSecret,
  wipe,
} from "./primitives";
import type { FirstMessageHeader, LocalDevice, RemoteDevice, Session } from "./session-state";
import type { HandshakeTranscript, Suite } from "./suite";

/** A bundle whose keys are decoded and whose signatures are verified. */
export type CheckedBundle = {
  readonly signedPrekey: { readonly keyId: number; readonly publicKey: EcPublicKey };
  readonly oneTimePrekey: { readonly keyId: number; readonly publicKey: EcPublicKey } | null;
  readonly kemPrekey: { readonly keyId: number; readonly publicKey: KemPublicKey } | null;
};

/** The private prekeys that a first message names. */
export type UsedPrekeys = {
  readonly signed: SignedPrekey;
  readonly oneTime: OneTimePrekey | null;
  readonly kem: KemPrekey | null;
};

const NO_SALT = new Uint8Array(32);
/** F of X3DH § 2.2: keeps this input apart from every input of XEdDSA's hashes. */
const DOMAIN_SEPARATOR = new Uint8Array(32).fill(0xff);

/** The initiator's side: a session that announces itself until it is answered. Null when a key agreement is refused. */
export function initiate(
  suite: Suite,
  local: LocalDevice,
  remote: RemoteDevice,
  bundle: CheckedBundle,
  { nowMs, random }: { nowMs: number; random: Random },
): Session | null {
  const base = generateKeyPair(random);
  const { signedPrekey, oneTimePrekey, kemPrekey } = bundle;
  const kem = kemPrekey && { ...kemPrekey, ...encapsulate(kemPrekey.publicKey, random) };
  const agreements = [
    agree(local.identity.privateKey, signedPrekey.publicKey),
    agree(base.privateKey, remote.identityKey),
    agree(base.privateKey, signedPrekey.publicKey),
    ...(oneTimePrekey ? [agree(base.privateKey, oneTimePrekey.publicKey)] : []),
  ];
  wipe(base.privateKey);
  const rootKey = deriveSecret(suite, agreements, kem?.secret ?? null);
  if (rootKey === null) return null;
  const header: FirstMessageHeader = {
    identityKey: local.identity.publicKey,
    baseKey: base.publicKey,
    signedPrekeyId: signedPrekey.keyId,
    oneTimePrekeyId: oneTimePrekey?.keyId ?? null,
    kem: kem && { keyId: kem.keyId, ciphertext: kem.ciphertext },
  };
  const transcript: HandshakeTranscript = {
    initiator: { userId: local.userId, deviceId: local.deviceId, identityKey: local.identity.publicKey },
    responder: remote,
    baseKey: base.publicKey,
    signedPrekey,
    oneTimePrekey,
    kem,
  };
  const session = newSession(suite, local, remote, transcript, rootKey, signedPrekey.publicKey);
  return { ...session, unacknowledged: { header, startedAtMs: nowMs } };
}

/** The responder's side: the session, the pair that its first ratchet step uses, and what to remember against replays. Null when a key
 *  agreement is refused. */
export function respond(
  suite: Suite,
  local: LocalDevice,
  remote: RemoteDevice,
  header: FirstMessageHeader,
  prekeys: UsedPrekeys,
): { readonly session: Session; readonly ratchet: EcKeyPair; readonly firstMessageDigest: string } | null {
  const { signed, oneTime } = prekeys;
  const kem = prekeys.kem && header.kem && { ...header.kem, ...decapsulate(prekeys.kem.seed, header.kem.ciphertext) };
  const agreements = [
    agree(signed.keyPair.privateKey, header.identityKey),
    agree(local.identity.privateKey, header.baseKey),
    agree(signed.keyPair.privateKey, header.baseKey),
    ...(oneTime ? [agree(oneTime.keyPair.privateKey, header.baseKey)] : []),
  ];
  const rootKey = deriveSecret(suite, agreements, kem?.secret ?? null);
  if (rootKey === null) return null;
  const transcript: HandshakeTranscript = {
    initiator: remote,
    responder: { userId: local.userId, deviceId: local.deviceId, identityKey: local.identity.publicKey },
    baseKey: header.baseKey,
    signedPrekey: { keyId: signed.keyId, publicKey: signed.keyPair.publicKey },
    oneTimePrekey: oneTime && { keyId: oneTime.keyId, publicKey: oneTime.keyPair.publicKey },
    kem,
  };
  return {
    // remoteRatchetKey is replaced by the step that follows at once.
    session: newSession(suite, local, remote, transcript, rootKey, header.baseKey),
    ratchet: signed.keyPair,
    firstMessageDigest: digestOf(suite, rootKey),
  };
}

/** Null when an agreement was refused. Wipes the secrets that it is given. */
function deriveSecret(suite: Suite, agreements: (SharedSecret | null)[], kemSecret: SharedSecret | null): RootKey | null {
  const secrets = [...agreements, kemSecret].filter((secret) => secret !== null);
  const input = concatBytes(DOMAIN_SEPARATOR, ...secrets);
  const rootKey = agreements.includes(null) ? null : (hkdf(input, NO_SALT, suite.infos.handshake, 32) as RootKey);
  wipe(input, ...secrets);
  return rootKey;
}

function digestOf(suite: Suite, rootKey: RootKey): string {
  const input = signingInput(suite.infos.firstMessage, rootKey);
  const digest = bytesToHex(sha256(input));
  wipe(input);
  return digest;
}

function newSession(
  suite: Suite,
  local: LocalDevice,
  remote: RemoteDevice,
  transcript: HandshakeTranscript,
  rootKey: RootKey,
  remoteRatchetKey: EcPublicKey,
): Session {
  return {
    version: suite.version,
    localIdentityKey: local.identity.publicKey,
    remoteIdentityKey: remote.identityKey,
    associatedData: suite.associatedData(transcript),
    baseKey: transcript.baseKey,
    rootKey,
    remoteRatchetKey,
    sending: null,
    previousLength: 0,
    receiving: [],
    unacknowledged: null,
    isReadOnly: false,
  };
}
