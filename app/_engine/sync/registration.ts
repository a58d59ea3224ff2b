/** Makes this browser a device of an account: new keys, a manifest that names them, prekeys. Everything is stored here before the server
 *  hears of it, so that a crash on either side ends in the same device. */
import type { Me } from "@/server/contract/accounts";
import type { RegisterDevice, SignedManifest } from "@/server/contract/devices";
import { toBase64, uuidToBytes } from "@/server/contract/encodings";
import { DeviceId, type UserId } from "@/server/contract/ids";
import { KEM_ONE_TIME_PREKEYS, ONE_TIME_PREKEYS } from "@/server/contract/limits";
import { attachSigningInput, ed25519PublicKey, signXEdDSA } from "@/server/contract/signatures";
import { type Manifest, type ManifestDevice, signDevice, signManifest, toSignedManifest } from "@/server/contract/statements/manifest";
import { firstManifest, type ManifestPin, nextManifest } from "@/server/contract/statements/manifest-pin";
import { generateIdentityKeyPair } from "../signal/keys";
import { backupKey, formatRecoveryKey, generateRecoveryKey, parseRecoveryKey, recoverySigningKey } from "../signal/recovery-key";
import type { IdentityKeyPair } from "../signal/session-state";
import { type AccountRow, type EngineDatabase, readMeta, writeMeta } from "../storage/database";
import { readSecret, type Secret, wrapSecrets } from "../storage/secrets";
import { CallError } from "../transport/api";
import { manifestsAfter, takeManifests } from "./contacts";
import { type EngineContext, readSelf, uuidV7 } from "./engine-context";
import { openIdentity } from "./keyring";
import { endLeadership } from "./leadership";
import { makePrekeys } from "./new-prekeys";

/** How the account's keys come about. `restored`: the recovery key confirms them. `reset`: nothing does, and contacts are warned. */
export type Origin = { kind: "first" } | { kind: "restored"; recoveryKey: Uint8Array } | { kind: "reset" };
export type NewAccountKeys = { recoveryKey: string };

/** Who is signed in here. Throws CallError, `unauthorized` for nobody. */
export async function askWhoIAm(ctx: EngineContext): Promise<Me> {
  const me = await ctx.api.call((c) => c.accounts.me.query());
  if (!me) throw new CallError("unauthorized");
  return me;
}

/** Makes keys and this device, stores them, registers them. Throws CallError; once stored, registerPending tries again. */
export async function createAccountKeys(
  ctx: EngineContext,
  account: { userId: UserId; username: string; isAdmin: boolean },
  origin: Origin,
): Promise<NewAccountKeys> {
  const chain = origin.kind === "first" ? [] : await manifestsAfter(ctx.api, account.userId);
  const pin = takeManifests(undefined, account.userId, chain).contact?.pin ?? null;
  if (origin.kind !== "first" && !pin) throw new CallError("stale_manifest");
  const recoveryKey = origin.kind === "restored" ? origin.recoveryKey : generateRecoveryKey(ctx.random);
  const accountSecretKey = ctx.random(32);
  const identity = generateIdentityKeyPair(ctx.random);
  const device = newDevice(ctx, account.userId, identity);
  const manifest = manifestFor(account, { pin, accountSecretKey, recoveryKey, device, nowMs: ctx.now() });
  const recoverySecretKey = origin.kind === "restored" ? recoverySigningKey(recoveryKey) : undefined;
  const signed = signManifest({ manifest, accountSecretKey, ...(recoverySecretKey && { recoverySecretKey }) });
  const made = makePrekeys(
    identity,
    1,
    { signed: true, oneTime: ONE_TIME_PREKEYS, kemOneTime: KEM_ONE_TIME_PREKEYS },
    ctx.now(),
    ctx.random,
  );
  const input: RegisterDevice = {
    manifest: toSignedManifest(signed),
    deviceId: device.deviceId,
    prekeys: made.upload as RegisterDevice["prekeys"],
  };
  const secrets = [...made.secrets, ...accountSecrets(ctx, { identity, accountSecretKey, recoveryKey })];
  const row: AccountRow = {
    ...account,
    deviceId: device.deviceId,
    pendingRegistration: JSON.stringify(input),
    sessionEnded: false,
    recoveryKeyPending: origin.kind !== "restored",
    remindAtMs: 0,
  };
  const stored = await storeAccount(ctx, row, secrets, [...chain, input.manifest], made.nextKeyId);
  await registerPending(ctx);
  // Another tab was faster: its keys are the device's.
  const kept = stored ? recoveryKey : await readSecret(ctx.db, ctx.wrapping, "recovery");
  if (!kept) throw new CallError("stale_manifest");
  return { recoveryKey: formatRecoveryKey(kept) };
}

/** Tells the server of the device that is stored here but not confirmed yet. Safe to repeat: the same bytes get the same answer. */
export async function registerPending(ctx: EngineContext): Promise<void> {
  const account = await readMeta(ctx.db, "account");
  if (!account?.pendingRegistration) return;
  const input = JSON.parse(account.pendingRegistration) as RegisterDevice;
  await ctx.api.call((c) => c.devices.register.mutate(input));
  await ctx.db.transaction("rw", ctx.db.meta, async () => {
    const present = await readMeta(ctx.db, "account");
    if (present?.deviceId === account.deviceId) await writeMeta(ctx.db, "account", { ...present, pendingRegistration: null });
  });
}

function newDevice(ctx: EngineContext, userId: UserId, identity: IdentityKeyPair): ManifestDevice {
  const deviceId = DeviceId.parse(uuidV7(ctx.now(), ctx.random));
  return signDevice({ userId, deviceId, identityPrivateKey: identity.privateKey, addedAtMs: ctx.now(), random: ctx.random });
}

function manifestFor(
  account: { userId: UserId; username: string },
  keys: { pin: ManifestPin | null; accountSecretKey: Uint8Array; recoveryKey: Uint8Array; device: ManifestDevice; nowMs: number },
): Manifest {
  const fields = {
    accountKey: ed25519PublicKey(keys.accountSecretKey),
    recoveryPublicKey: ed25519PublicKey(recoverySigningKey(keys.recoveryKey)),
    devices: [keys.device],
    issuedAtMs: keys.nowMs,
  };
  return keys.pin ? nextManifest(keys.pin, fields) : firstManifest({ userId: account.userId, username: account.username, ...fields });
}

function accountSecrets(
  ctx: EngineContext,
  keys: { identity: IdentityKeyPair; accountSecretKey: Uint8Array; recoveryKey: Uint8Array },
): Secret[] {
  const one = (kind: Secret["kind"], secret: Uint8Array): Secret => ({
    kind,
    keyId: 0,
    secret,
    createdAtMs: ctx.now(),
    replacedAtMs: null,
  });
  return [
    one("identity", keys.identity.privateKey),
    one("account", keys.accountSecretKey),
    one("recovery", keys.recoveryKey),
    one("backup", backupKey(keys.recoveryKey)),
  ];
}

/** False when this store has an account already: its keys are never overwritten. */
async function storeAccount(
  ctx: EngineContext,
  account: AccountRow,
  secrets: Secret[],
  manifests: SignedManifest[],
  nextKeyId: number,
): Promise<boolean> {
  const { db } = ctx;
  const rows = await wrapSecrets(ctx.wrapping, account.recoveryKeyPending ? secrets : secrets.filter((s) => s.kind !== "recovery"));
  const own = takeManifests(undefined, account.userId, manifests);
  return db.transaction("rw", [db.meta, db.secrets, db.contacts, db.manifests], async () => {
    if (await readMeta(db, "account")) return false;
    await db.secrets.bulkPut(rows);
    await writeMeta(db, "prekeys", { nextKeyId, pendingUpload: null });
    await writeMeta(db, "account", account);
    await db.manifests.bulkPut(own.rows);
    if (own.contact) await db.contacts.put(own.contact);
    return true;
  });
}

/** The recovery key as the person typed it, if it is this account's. Throws CallError. */
export async function checkRecoveryKey(ctx: EngineContext, userId: UserId, text: string): Promise<Uint8Array | null> {
  const parsed = parseRecoveryKey(text);
  if (!parsed.ok) return null;
  const pin = takeManifests(undefined, userId, await manifestsAfter(ctx.api, userId)).contact?.pin;
  const expected = ed25519PublicKey(recoverySigningKey(parsed.bytes));
  return pin && toBase64(pin.recoveryPublicKey) === toBase64(expected) ? parsed.bytes : null;
}

/** Binds a new sign-in to this device, proved by its identity key. False when the account no longer has this device. Throws CallError. */
export async function attachSession(ctx: EngineContext): Promise<boolean> {
  const self = await readSelf(ctx.db);
  const me = await askWhoIAm(ctx);
  if (me.userId !== self.userId) throw new CallError("unauthorized");
  const identity = await openIdentity(ctx);
  const input = attachSigningInput(uuidToBytes(self.userId), uuidToBytes(self.deviceId), new TextEncoder().encode(me.sessionId));
  const signatureBase64 = toBase64(signXEdDSA(identity.privateKey, input, ctx.random));
  try {
    await ctx.api.call((c) => c.devices.attach.mutate({ deviceId: self.deviceId, signatureBase64 }));
    return true;
  } catch (error) {
    const code = error instanceof CallError ? error.code : undefined;
    if (code !== "device_required") throw error;
    await clearStore(ctx.db); // somebody with the account's keys removed this device
    return false;
  }
}

/** Takes this device out of the account's manifest and ends the session. Throws CallError. */
export async function leaveAccount(ctx: EngineContext): Promise<void> {
  const self = await readSelf(ctx.db);
  const own = await ctx.db.contacts.get(self.userId);
  const accountSecretKey = await readSecret(ctx.db, ctx.wrapping, "account");
  if (own && accountSecretKey) {
    const devices = own.pin.devices.filter((device) => device.deviceId !== self.deviceId);
    const signed = signManifest({ manifest: nextManifest(own.pin, { devices, issuedAtMs: ctx.now() }), accountSecretKey });
    await ctx.api.call((c) => c.devices.publish.mutate({ manifest: toSignedManifest(signed) })).catch(ignoreIfOut);
  }
  await ctx.api.signOut().catch(() => {}); // the server ended it with the device
  await clearStore(ctx.db);
}

/** Who is out already, because an answer was lost or the sign-in ended, may still forget everything here. */
function ignoreIfOut(error: unknown): void {
  const code = error instanceof CallError ? error.code : undefined;
  if (code !== "unauthorized" && code !== "device_required") throw error;
}

/** Forgets everything, keys and messages, but the leader's number: what is still on its way into the store must not arrive. */
export async function clearStore(db: EngineDatabase): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    await endLeadership(db);
    for (const table of db.tables) {
      if (table.name === db.meta.name) await db.meta.where("key").notEqual("leader").delete();
      else await table.clear();
    }
  });
}

export async function markSessionEnded(ctx: EngineContext): Promise<void> {
  await changeAccount(ctx.db, { sessionEnded: true });
}

export async function changeAccount(db: EngineDatabase, change: Partial<AccountRow>): Promise<void> {
  await db.transaction("rw", db.meta, async () => {
    const account = await readMeta(db, "account");
    if (account) await writeMeta(db, "account", { ...account, ...change });
  });
}
