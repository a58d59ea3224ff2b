/** This device's private keys, unwrapped into memory for one step of work. */
import { uuidToBytes } from "@/server/contract/encodings";
import { type EcPrivateKey, ecPublicKey, type IdentityPublicKey } from "@/server/contract/signatures";
import type { PrekeyLookups, Used } from "../signal/decrypt";
import type { KemPrekey, OneTimePrekey, SignedPrekey } from "../signal/keys";
import type { EcKeyPair, KemSeed } from "../signal/primitives";
import type { IdentityKeyPair, LocalDevice } from "../signal/session-state";
import { readPrekeys, readSecret, type Secret } from "../storage/secrets";
import { type EngineContext, readSelf } from "./engine-context";

/** Throws when this store has no keys: call it only while an account is on this device. */
export async function openLocalDevice(ctx: EngineContext): Promise<LocalDevice> {
  const self = await readSelf(ctx.db);
  return { userId: uuidToBytes(self.userId), deviceId: uuidToBytes(self.deviceId), identity: await openIdentity(ctx) };
}

export async function openIdentity(ctx: EngineContext): Promise<IdentityKeyPair> {
  const secret = await readSecret(ctx.db, ctx.wrapping, "identity");
  if (!secret) throw new Error("no identity key on this device");
  return identityOf(secret as EcPrivateKey);
}

export function identityOf(privateKey: EcPrivateKey): IdentityKeyPair {
  return { privateKey, publicKey: ecPublicKey(privateKey) as IdentityPublicKey };
}

export type Prekeyring = {
  lookups: PrekeyLookups;
  hasSeen(digestHex: string): boolean;
  /** A one-time key that opened something in this step can't open another. */
  forget(used: Used): void;
};

const EMPTY: Prekeyring = {
  lookups: { signed: () => null, oneTime: () => null, kem: () => null },
  hasSeen: () => false,
  forget: () => {},
};

/** `needed`: whether a first message is among what will be opened; everything else needs no prekeys. */
export async function openPrekeyring(ctx: EngineContext, needed: boolean): Promise<Prekeyring> {
  if (!needed) return EMPTY;
  const seen = new Set((await ctx.db.firstMessages.toCollection().primaryKeys()) as string[]);
  const secrets = await readPrekeys(ctx.db, ctx.wrapping);
  const byId = (...kinds: Secret["kind"][]) =>
    new Map(secrets.filter((secret) => kinds.includes(secret.kind)).map((secret) => [secret.keyId, secret]));
  const [signed, oneTime, kem] = [byId("signed_prekey"), byId("one_time"), byId("kem_one_time", "kem_last_resort")];
  return {
    lookups: {
      signed: (keyId) => mapped(signed.get(keyId), signedPrekey),
      oneTime: (keyId) => mapped(oneTime.get(keyId), oneTimePrekey),
      kem: (keyId) => mapped(kem.get(keyId), kemPrekey),
    },
    hasSeen: (digest) => seen.has(digest),
    forget(used) {
      if (used.oneTimePrekeyId) oneTime.delete(used.oneTimePrekeyId);
      if (used.kemOneTimeId) kem.delete(used.kemOneTimeId);
    },
  };
}

const mapped = <T>(secret: Secret | undefined, read: (secret: Secret) => T): T | null => (secret ? read(secret) : null);

const keyPair = (secret: Secret): EcKeyPair => ({
  privateKey: secret.secret as EcPrivateKey,
  publicKey: ecPublicKey(secret.secret as EcPrivateKey),
});
const signedPrekey = (secret: Secret): SignedPrekey => ({
  keyId: secret.keyId,
  createdAtMs: secret.createdAtMs,
  keyPair: keyPair(secret),
});
const oneTimePrekey = (secret: Secret): OneTimePrekey => ({ keyId: secret.keyId, keyPair: keyPair(secret) });
const kemPrekey = (secret: Secret): KemPrekey => ({
  keyId: secret.keyId,
  kind: secret.kind === "kem_last_resort" ? "kem_last_resort" : "kem_one_time",
  createdAtMs: secret.createdAtMs,
  seed: secret.secret as KemSeed,
});
