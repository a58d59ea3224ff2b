import type { AppContext, Caller } from "../context";
import { AppError } from "../contract/errors";
import type { DeviceId } from "../contract/ids";
import { individualChatId } from "../contract/statements/chat-id";
import type { ParsedManifest } from "../contract/statements/manifest";
import { encodeManifestEntry } from "../contract/statements/manifest-entry";
import type { ManifestPin } from "../contract/statements/manifest-pin";
import type { AddedDevice } from "./accept-manifest";
import { MOST_KEM_ONE_TIME, MOST_ONE_TIME, refuseTooMany } from "./publish-keys";
import { REAL_TIME, retryTransient } from "./retry-transient";
import { query } from "./sql";

const GIVE_UP_AFTER_MS = 8_000;

const PUBLISH = `
  SELECT outcome, revoked, ended_sessions
  FROM publish_manifest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::uuid[], $15, $16, $17, $18, $19,
    $20::text[], $21::int[], $22::bytea[], $23::bytea[], $24::timestamptz[])`;

type PublishedRow = { outcome: string; revoked: DeviceId[]; ended_sessions: string[] };

/** What was judged: the manifest, the one it follows, and the device that comes with it. */
export type JudgedManifest = { pin: ManifestPin | null; parsed: ParsedManifest; added: AddedDevice | null };

/** Writes a judged manifest with all that follows from it, in one transaction. False: another one came first, so judge again.
 *  Throws `forbidden`, `bad_request` (the id of the new device is taken), `device_required`, `unavailable`. */
export async function writeManifest(app: AppContext, caller: Caller, judged: JudgedManifest): Promise<boolean> {
  const values = columnsOf(caller, judged);
  const attempt = () => query<PublishedRow>(app.pool, "publish_manifest", PUBLISH, values).catch(refuseTooMany);
  const [row] = await retryTransient(REAL_TIME, REAL_TIME.now() + GIVE_UP_AFTER_MS, attempt);
  switch (row?.outcome) {
    case "published":
      endRevoked(app, caller, row);
      app.metrics.manifestsPublished();
      return true;
    case "stale":
      return false;
    case "not_active":
      throw new AppError("forbidden", "the account is not active");
    case "not_a_device":
      throw new AppError("device_required", "the publishing device is revoked");
    case "device_taken":
      throw new AppError("bad_request", "the device id is or was in use");
    default:
      throw new Error(`unknown outcome ${row?.outcome} of publish_manifest`);
  }
}

function columnsOf({ userId, sessionId, deviceId }: Caller, { pin, parsed, added }: JudgedManifest): unknown[] {
  const { manifest, hash, signed } = parsed;
  const { generation, version, previousHash, accountKey, devices } = manifest;
  const prekeys = added?.prekeys;
  return [
    userId,
    sessionId,
    added?.deviceId ?? deviceId,
    pin?.generation ?? 0,
    pin?.version ?? 0,
    generation,
    version,
    signed.manifest,
    signed.signature,
    signed.recoverySignature,
    previousHash,
    accountKey,
    encodeManifestEntry({ v: 1, userId, generation, version, hash }),
    devices.map((device) => device.deviceId),
    individualChatId(userId, userId),
    added?.deviceId ?? null,
    added?.identityKey ?? null,
    MOST_ONE_TIME,
    MOST_KEM_ONE_TIME,
    prekeys?.types ?? [],
    prekeys?.ids ?? [],
    prekeys?.keys ?? [],
    prekeys?.signatures ?? [],
    prekeys?.createdAt ?? [],
  ];
}

/** Sessions of revoked devices are gone; so are their sockets. */
function endRevoked(app: AppContext, { userId, sessionId }: Caller, { revoked, ended_sessions }: PublishedRow): void {
  // It may have a device now.
  app.sessions.forgetSession(sessionId);
  for (const deviceId of revoked) app.realtime.endDevice(userId, deviceId);
  for (const ended of ended_sessions) app.realtime.endSession(ended);
}
