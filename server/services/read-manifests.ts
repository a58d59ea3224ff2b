/** The manifests that an account published, as signed. */
import { AppError } from "../contract/errors";
import type { UserId } from "../contract/ids";
import { parseManifest, type SignedManifestBytes } from "../contract/statements/manifest";
import { type ManifestPin, pinOf } from "../contract/statements/manifest-pin";
import { type Queryable, query } from "./sql";

type ManifestRow = { manifest: Buffer; signature: Buffer; recovery_signature: Buffer | null };

const COLUMNS = "manifest, signature, recovery_signature";
const CHAIN = `SELECT ${COLUMNS} FROM device_manifests WHERE user_id = $1 AND (generation, version) > ($2, $3) ORDER BY generation, version LIMIT $4`;
const LAST = `SELECT ${COLUMNS} FROM device_manifests WHERE user_id = $1 ORDER BY generation DESC, version DESC LIMIT 1`;

/** Those above (generation, version), oldest first. */
export async function readManifestsAfter(
  db: Queryable,
  from: { userId: UserId; generation: number; version: number; limit: number },
): Promise<SignedManifestBytes[]> {
  return (await query<ManifestRow>(db, "manifests", CHAIN, [from.userId, from.generation, from.version, from.limit])).map(present);
}

/** What the account's newest manifest says, or null before the first. */
export async function readPin(db: Queryable, userId: UserId): Promise<ManifestPin | null> {
  const [last] = (await query<ManifestRow>(db, "last_manifest", LAST, [userId])).map(present);
  if (last === undefined) return null;
  const parsed = parseManifest(last);
  if (!parsed.ok) throw new AppError("internal", `a stored manifest is not one: ${parsed.reason}`);
  return pinOf(parsed);
}

function present({ recovery_signature, ...row }: ManifestRow): SignedManifestBytes {
  return { ...row, recoverySignature: recovery_signature };
}
