import type { z } from "zod";
import type { AppContext, Caller } from "../context";
import type { GetManifests, Manifests } from "../contract/devices";
import { AppError } from "../contract/errors";
import { toSignedManifest } from "../contract/statements/manifest";
import { readManifestsAfter } from "./read-manifests";

const MANIFESTS_PER_PAGE = 200;

/** An account's manifests above (afterGeneration, afterVersion), oldest first: the next 200, and none for an unknown account. Another
 *  account's are for devices only; one's own are also for the session that is about to make a device. Throws `device_required`,
 *  `rate_limited`. */
export async function getManifests(
  app: AppContext,
  caller: Caller,
  { userId, afterGeneration, afterVersion }: z.infer<typeof GetManifests>,
): Promise<z.infer<typeof Manifests>> {
  if (userId !== caller.userId && caller.deviceId === null) throw new AppError("device_required", "the session has no device");
  await app.rateLimits.consume("manifests", caller.userId);
  const from = { userId, generation: afterGeneration, version: afterVersion, limit: MANIFESTS_PER_PAGE };
  return { manifests: (await readManifestsAfter(app.pool, from)).map(toSignedManifest) };
}
