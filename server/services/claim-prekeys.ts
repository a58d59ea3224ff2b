import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { ClaimPrekeys, PrekeyBundle, PrekeyBundles } from "../contract/devices";
import type { DeviceId } from "../contract/ids";
import { query } from "./sql";

const CLAIM = "SELECT * FROM claim_prekeys($1, $2::uuid[], $3::boolean[])";

type BundleRow = {
  device_id: DeviceId;
  signed_id: number;
  signed_key: Buffer;
  signed_signature: Buffer;
  signed_created: Date;
  ec_id: number | null;
  ec_key: Buffer | null;
  kem_id: number;
  kem_key: Buffer;
  kem_signature: Buffer;
  kem_created: Date;
  kem_is_last_resort: boolean;
};

/** What starting sessions with an account's devices takes. No one-time key is handed out twice; where they are used up, or this device
 *  took its share of the day, the bundle comes without. Devices that are revoked or unknown are left out. Throws `rate_limited`. */
export async function claimPrekeys(
  app: AppContext,
  caller: DeviceCaller,
  { userId, deviceIds }: z.infer<typeof ClaimPrekeys>,
): Promise<z.infer<typeof PrekeyBundles>> {
  await app.rateLimits.consume("claimPrekeys", caller.userId);
  const wanted = [...new Set(deviceIds)];
  const shares = await Promise.all(wanted.map((deviceId) => app.rateLimits.take("oneTimeClaims", `${caller.deviceId} ${deviceId}`)));
  const rows = await query<BundleRow>(app.pool, "claim_prekeys", CLAIM, [userId, wanted, shares.map(({ ok }) => ok)]);
  const lastResort = rows.filter((row) => row.kem_is_last_resort).length;
  app.metrics.prekeysClaimed("last_resort", lastResort);
  app.metrics.prekeysClaimed("one_time", rows.length - lastResort);
  return { bundles: rows.map(presentBundle) };
}

function presentBundle(row: BundleRow): PrekeyBundle {
  return {
    deviceId: row.device_id,
    signedPrekey: {
      keyId: row.signed_id,
      createdAtMs: row.signed_created.getTime(),
      publicKeyBase64: row.signed_key.toString("base64"),
      signatureBase64: row.signed_signature.toString("base64"),
    },
    oneTimePrekey: row.ec_id === null || row.ec_key === null ? null : { keyId: row.ec_id, publicKeyBase64: row.ec_key.toString("base64") },
    kemPrekey: {
      keyId: row.kem_id,
      createdAtMs: row.kem_created.getTime(),
      publicKeyBase64: row.kem_key.toString("base64"),
      signatureBase64: row.kem_signature.toString("base64"),
    },
    kemIsLastResort: row.kem_is_last_resort,
  };
}
