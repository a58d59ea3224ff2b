/** A device with a store in memory and a random source that repeats, for tests of sessions. The cryptography is the real one. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Random, signXEdDSA } from "@/server/contract/signatures";
import { type Decrypted, decrypt, type PrekeyLookups } from "../decrypt";
import { type Encrypted, encrypt } from "../encrypt";
import {
  generateIdentityKeyPair,
  generateKemPrekeys,
  generateOneTimePrekeys,
  generateSignedPrekey,
  type KemPrekey,
  type OneTimePrekey,
  type SignedPrekey,
} from "../keys";
import { pqxdh } from "../pqxdh";
import { encodeSessionRecord } from "../record-codec";
import type { LocalDevice, RemoteDevice, SessionRecord } from "../session-state";
import { type PrekeyBundle, type StartedSession, startSession } from "../start-session";
import type { Suite } from "../suite";

export const NOW_MS = 1_750_000_000_000;

/** Random bytes that follow from a seed. */
export function seededRandom(seed: string): Random {
  let block = 0;
  return (lengthBytes) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < lengthBytes; have += 32) blocks.push(sha256(utf8ToBytes(`${seed} ${block++}`)));
    return concatBytes(...blocks).subarray(0, lengthBytes);
  };
}

export type Device = ReturnType<typeof createDevice>;
export type DeviceOptions = { name: string; suite?: Suite; oneTime?: number; kemOneTime?: number; nowMs?: number };

/** A device that publishes a signed prekey, a last-resort KEM prekey and as many one-time ones as asked for. */
export function createDevice({ name, suite = pqxdh, oneTime = 1, kemOneTime = 1, nowMs = NOW_MS }: DeviceOptions) {
  const random = seededRandom(name);
  const identity = generateIdentityKeyPair(random);
  const local: LocalDevice = { userId: random(16), deviceId: random(16), identity };
  const remoteView: RemoteDevice = { userId: local.userId, deviceId: local.deviceId, identityKey: identity.publicKey };
  const signed = generateSignedPrekey({ identity, keyId: 1, nowMs, random });
  const oneTimes = generateOneTimePrekeys({ firstKeyId: 100, count: oneTime, random });
  const kems = suite.usesKem
    ? generateKemPrekeys({ identity, kind: "kem_one_time", firstKeyId: 200, count: kemOneTime, nowMs, random })
    : [];
  const lastResort = suite.usesKem
    ? generateKemPrekeys({ identity, kind: "kem_last_resort", firstKeyId: 2, count: 1, nowMs, random })[0]
    : undefined;

  const store = {
    signed: new Map<number, SignedPrekey>([[1, signed.record]]),
    oneTime: new Map<number, OneTimePrekey>(oneTimes.map(({ record }) => [record.keyId, record])),
    kem: new Map<number, KemPrekey>([...kems, ...(lastResort ? [lastResort] : [])].map(({ record }) => [record.keyId, record])),
    digests: new Set<string>(),
    records: new Map<string, SessionRecord>(),
  };
  const prekeys: PrekeyLookups = {
    signed: (keyId) => store.signed.get(keyId),
    oneTime: (keyId) => store.oneTime.get(keyId),
    kem: (keyId) => store.kem.get(keyId),
  };
  const signedUpload = {
    ...signed.upload,
    signature: signXEdDSA(identity.privateKey, suite.prekeySigningInput("signed_prekey", 1, nowMs, signed.upload.publicKey), random),
  };

  /** What the server hands out to the next caller: one-time keys as long as there are any. */
  function claimBundle(): PrekeyBundle {
    const oneTimePrekey = oneTimes.shift()?.upload ?? null;
    const kem = kems.shift();
    const kemPrekey = kem ? { ...kem.upload, isLastResort: false } : lastResort ? { ...lastResort.upload, isLastResort: true } : null;
    return { signedPrekey: signedUpload, oneTimePrekey, kemPrekey };
  }

  return { name, suite, random, local, remoteView, store, prekeys, claimBundle };
}

/** Starts a session of `from` with `to` and stores it. */
export function start(from: Device, to: Device, bundle: PrekeyBundle = to.claimBundle(), nowMs = NOW_MS): StartedSession {
  const record = from.store.records.get(to.name) ?? null;
  const { suite, local, random } = from;
  const started = startSession({ suite, local, remote: to.remoteView, bundle, record, nowMs, random });
  if (started.ok) from.store.records.set(to.name, started.record);
  return started;
}

/** Encrypts for `to` and stores the new record. */
export function trySend(from: Device, to: Device, text: string, nowMs = NOW_MS): Encrypted {
  const { suite, random, store } = from;
  const record = store.records.get(to.name) ?? null;
  const encrypted = encrypt({ suite, remote: to.remoteView, record, plaintext: utf8ToBytes(text), nowMs, random });
  if (encrypted.ok) store.records.set(to.name, encrypted.record);
  return encrypted;
}

/** Encrypts for `to`, starting a session when one is needed. */
export function send(from: Device, to: Device, text: string, nowMs = NOW_MS): Uint8Array {
  const first = trySend(from, to, text, nowMs);
  if (first.ok) return first.message;
  start(from, to, to.claimBundle(), nowMs);
  const second = trySend(from, to, text, nowMs);
  if (!second.ok) throw new Error(second.reason);
  return second.message;
}

/** Decrypts without storing anything. */
export function peek(to: Device, from: Device, message: Uint8Array): Decrypted {
  const { suite, local, store, prekeys } = to;
  const record = store.records.get(from.name) ?? null;
  const seenFirstMessages = (digestHex: string) => store.digests.has(digestHex);
  return decrypt({ suite, local, remote: from.remoteView, record, message, prekeys, seenFirstMessages });
}

/** Decrypts and stores what follows. Returns the text, or the reason in angle brackets. */
export function receive(to: Device, from: Device, message: Uint8Array): string {
  const decrypted = peek(to, from, message);
  if (!decrypted.ok) return `<${decrypted.reason}>`;
  const { store } = to;
  store.records.set(from.name, decrypted.record);
  if (decrypted.used.oneTimePrekeyId !== undefined) store.oneTime.delete(decrypted.used.oneTimePrekeyId);
  if (decrypted.used.kemOneTimeId !== undefined) store.kem.delete(decrypted.used.kemOneTimeId);
  if (decrypted.used.firstMessageDigest !== undefined) store.digests.add(decrypted.used.firstMessageDigest);
  return new TextDecoder().decode(decrypted.plaintext);
}

/** Everything that the device stores about sessions and prekeys, as text. */
export function contents({ store }: Device): string {
  const records = [...store.records].map(([name, record]) => [name, Buffer.from(encodeSessionRecord(record)).toString("hex")]);
  return JSON.stringify([records, [...store.signed.keys()], [...store.oneTime.keys()], [...store.kem.keys()], [...store.digests]]);
}
