/** The one way by which an account's device list changes. A manifest is judged here, against the last one, and then written by the SQL
 *  function publish_manifest, which refuses it if another came first. */
import type { AppContext, Caller } from "../context";
import type { SignedManifest } from "../contract/devices";
import { AppError, assertNever } from "../contract/errors";
import type { DeviceId, UserId } from "../contract/ids";
import { constantTimeEqual } from "../contract/signatures";
import { fromSignedManifest, type ManifestDevice, type ParsedManifest, parseManifest } from "../contract/statements/manifest";
import { judgeManifest, type ManifestPin } from "../contract/statements/manifest-pin";
import type { PrekeyColumns } from "./publish-keys";
import { readPin } from "./read-manifests";
import { writeManifest } from "./write-manifest";

/** A device that comes with the manifest, and what it uploads. */
export type NewDevice = { deviceId: DeviceId; prekeysOf: (identityKey: Uint8Array) => PrekeyColumns };

/** How often another manifest may come first before the caller is told so. */
const ATTEMPTS = 3;

/** Judges and publishes a manifest of the caller's account. With `newDevice` that device is added and becomes the session's; without,
 *  `caller.deviceId` publishes it. Repeating the same bytes changes nothing. Throws `bad_request` (not a manifest of this account, or one
 *  that the rules don't allow), `stale_manifest` (it does not follow the last one), `device_required`, `rate_limited`. */
export async function acceptManifest(app: AppContext, caller: Caller, signed: SignedManifest, newDevice: NewDevice | null): Promise<void> {
  const parsed = parse(caller, signed);
  const added = newDevice === null ? null : findAdded(parsed, newDevice);
  let counted = false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pin = await readPin(app.pool, caller.userId);
    if (judge(pin, parsed, added) === "repeated") return confirmRepeated(app, caller, added);
    await checkDevices(app, caller.userId, parsed.manifest.devices, added);
    if (!counted) await app.rateLimits.consume("publishManifest", caller.userId);
    counted = true;
    if (await writeManifest(app, caller, { pin, parsed, added })) return;
  }
  throw new AppError("stale_manifest", "other manifests came first");
}

function parse({ userId, username }: Caller, signed: SignedManifest): ParsedManifest {
  const parsed = parseManifest(fromSignedManifest(signed));
  if (!parsed.ok) throw new AppError("bad_request", "not a valid manifest", { reason: parsed.reason });
  if (parsed.manifest.userId !== userId) throw new AppError("bad_request", "another account's manifest", { reason: "user_changed" });
  if (parsed.manifest.username !== username) throw new AppError("bad_request", "another user name", { reason: "username_changed" });
  return parsed;
}

export type AddedDevice = { deviceId: DeviceId; identityKey: Uint8Array; prekeys: PrekeyColumns };

function findAdded({ manifest }: ParsedManifest, { deviceId, prekeysOf }: NewDevice): AddedDevice {
  const listed = manifest.devices.find((device) => device.deviceId === deviceId);
  if (listed === undefined) throw new AppError("bad_request", "the manifest does not list the new device");
  return { deviceId, identityKey: listed.identityKey, prekeys: prekeysOf(listed.identityKey) };
}

/** Whether the manifest may come next, or is the last one. Throws where it may not. */
function judge(pin: ManifestPin | null, parsed: ParsedManifest, added: AddedDevice | null): "new" | "repeated" {
  const judged = judgeManifest(pin, parsed);
  switch (judged.verdict) {
    case "first":
      // Whoever asks later gets the whole chain, so it has to begin at its beginning.
      if (parsed.manifest.version !== 1 || added === null) throw new AppError("stale_manifest", "the account has no manifest yet");
      return "new";
    case "same":
      return "repeated";
    case "next":
      return "new";
    case "rotated":
      if (!judged.follows) throw new AppError("stale_manifest", "the manifest does not follow the last one");
      return "new";
    case "reset":
      // Nobody proved that the old devices belong to the same person: they go.
      if (added === null || parsed.manifest.devices.length !== 1)
        throw new AppError("bad_request", "an identity reset starts with one new device");
      return "new";
    case "old":
    case "conflict":
    case "gap":
      throw new AppError("stale_manifest", `the manifest does not follow the last one: ${judged.verdict}`);
    case "refused":
      throw new AppError("bad_request", "the manifest breaks the account's chain", { reason: judged.reason });
    default:
      return assertNever(judged);
  }
}

/** Manifests are no secret: who repeats one gets a device by it only where the first call gave it to this very session. */
async function confirmRepeated(app: AppContext, caller: Caller, added: AddedDevice | null): Promise<void> {
  if (added === null) return;
  const session = await app.prisma.session.findUnique({ where: { sessionId: caller.sessionId }, select: { deviceId: true } });
  if (session?.deviceId !== added.deviceId) throw new AppError("stale_manifest", "the manifest was published by another session");
}

/** A manifest may keep devices, drop some, and list one new one. Ids are never used again. */
async function checkDevices(app: AppContext, userId: UserId, listed: ManifestDevice[], added: AddedDevice | null): Promise<void> {
  const rows = await app.prisma.device.findMany({ where: { userId }, select: { deviceId: true, identityKey: true, revokedAt: true } });
  const known = new Map(rows.map((row) => [row.deviceId, row]));
  for (const { deviceId, identityKey } of listed) {
    const row = known.get(deviceId);
    if (row === undefined && deviceId === added?.deviceId) continue;
    if (row === undefined) throw new AppError("bad_request", "the manifest lists a device that nobody registered");
    if (row.revokedAt !== null) throw new AppError("bad_request", "the manifest lists a device that was revoked");
    if (!constantTimeEqual(row.identityKey, identityKey)) throw new AppError("bad_request", "the manifest lists a device with another key");
    if (deviceId === added?.deviceId) throw new AppError("bad_request", "the device is registered already");
  }
}
