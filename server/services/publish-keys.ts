/** A device's prekeys on their way in: checked, stored, counted. */
import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { PrekeyCount, PrekeyUpload } from "../contract/devices";
import { fromBase64 } from "../contract/encodings";
import { AppError } from "../contract/errors";
import { KEM_ONE_TIME_PREKEYS, ONE_TIME_PREKEYS } from "../contract/limits";
import { decodeEcPublicKey, decodeKemPublicKey, type PrekeyKind, prekeySigningInput, verifyXEdDSA } from "../contract/signatures";
import { sqlState } from "./retry-transient";
import { query } from "./sql";

/** A device may have uploaded a fresh set before the old one was used up. */
export const MOST_ONE_TIME = 2 * ONE_TIME_PREKEYS;
export const MOST_KEM_ONE_TIME = 2 * KEM_ONE_TIME_PREKEYS;

const LAST_TIME_MS = Date.UTC(9999, 11, 31);

/** Columns for the SQL functions that store prekeys. */
export type PrekeyColumns = {
  types: string[];
  ids: number[];
  keys: Uint8Array[];
  signatures: (Uint8Array | null)[];
  createdAt: Date[];
};

/** Decodes an upload and verifies that the identity key signed what must be signed. Throws `bad_request`. */
export function checkPrekeys(upload: PrekeyUpload, identityKey: Uint8Array, now: Date): PrekeyColumns {
  const columns: PrekeyColumns = { types: [], ids: [], keys: [], signatures: [], createdAt: [] };
  const add = (type: string, id: number, key: Uint8Array | null, signature: Uint8Array | null, createdAt: Date) => {
    if (key === null) throw new AppError("bad_request", "a prekey is no valid public key");
    columns.types.push(type);
    columns.ids.push(id);
    columns.keys.push(key);
    columns.signatures.push(signature);
    columns.createdAt.push(createdAt);
  };
  const signed = (kind: PrekeyKind, key: { keyId: number; createdAtMs: number; publicKeyBase64: string; signatureBase64: string }) => {
    if (key.createdAtMs > LAST_TIME_MS) throw new AppError("bad_request", "a prekey is dated after the year 9999");
    const [bytes, signature] = [fromBase64(key.publicKeyBase64), fromBase64(key.signatureBase64)];
    if (!verifyXEdDSA(identityKey, prekeySigningInput(kind, key.keyId, key.createdAtMs, bytes), signature)) {
      throw new AppError("bad_request", "a prekey is not signed by its device");
    }
    return { bytes, signature, createdAt: new Date(key.createdAtMs) };
  };
  const { signedPrekey, kemLastResort, oneTime, kemOneTime } = upload;
  if (signedPrekey) {
    const { bytes, signature, createdAt } = signed("signed_prekey", signedPrekey);
    add("signed_prekey", signedPrekey.keyId, decodeEcPublicKey(bytes), signature, createdAt);
  }
  if (kemLastResort) {
    const { bytes, signature, createdAt } = signed("kem_last_resort", kemLastResort);
    add("kem_last_resort", kemLastResort.keyId, decodeKemPublicKey(bytes), signature, createdAt);
  }
  for (const { keyId, publicKeyBase64 } of oneTime) add("ec", keyId, decodeEcPublicKey(fromBase64(publicKeyBase64)), null, now);
  for (const key of kemOneTime) {
    const { bytes, signature, createdAt } = signed("kem_one_time", key);
    add("kem", key.keyId, decodeKemPublicKey(bytes), signature, createdAt);
  }
  return columns;
}

const STORE = "SELECT store_prekeys($1, $2, $3, $4, $5, $6::text[], $7::int[], $8::bytea[], $9::bytea[], $10::timestamptz[]) AS stored";

/** Stores what a device uploads, and answers how many one-time keys are left. Keys whose ids were used before are left alone, so a
 *  repetition is safe. Throws `bad_request` (bad key or signature, or far too many), `device_required`, `rate_limited`. */
export async function publishKeys(app: AppContext, caller: DeviceCaller, upload: PrekeyUpload): Promise<z.infer<typeof PrekeyCount>> {
  const { userId, deviceId } = caller;
  await app.rateLimits.consume("uploadPrekeys", userId);
  const device = await app.prisma.device.findUnique({ where: { userId_deviceId: { userId, deviceId }, revokedAt: null } });
  if (device === null) throw new AppError("device_required", "the device is revoked");
  const { types, ids, keys, signatures, createdAt } = checkPrekeys(upload, device.identityKey, app.now());
  const [row] = await query<{ stored: boolean }>(app.pool, "store_prekeys", STORE, [
    userId,
    deviceId,
    upload.replaceOneTime ?? false,
    MOST_ONE_TIME,
    MOST_KEM_ONE_TIME,
    types,
    ids,
    keys,
    signatures,
    createdAt,
  ]).catch(refuseTooMany);
  if (!row?.stored) throw new AppError("device_required", "the device is revoked");
  return countKeys(app, caller);
}

/** What store_prekeys raises above its limits. */
export function refuseTooMany(error: unknown): never {
  if (sqlState(error) === "23514") throw new AppError("bad_request", "more prekeys than a device may have");
  throw error;
}

/** How many one-time keys of the caller's device are left. */
export async function countKeys(app: AppContext, { userId, deviceId }: DeviceCaller): Promise<z.infer<typeof PrekeyCount>> {
  const text = "SELECT key_type, count(*) AS count FROM one_time_prekeys WHERE user_id = $1 AND device_id = $2 GROUP BY key_type";
  const rows = await query<{ key_type: string; count: number }>(app.pool, "count_prekeys", text, [userId, deviceId]);
  const count = (type: string) => rows.find(({ key_type }) => key_type === type)?.count ?? 0;
  return { oneTime: count("ec"), kemOneTime: count("kem") };
}
