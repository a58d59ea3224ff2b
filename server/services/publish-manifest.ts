import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { PublishManifest } from "../contract/devices";
import { acceptManifest } from "./accept-manifest";

/** Publishes a manifest that adds no device: it keeps the account's devices or signs some out, the caller's own among them if it likes.
 *  Throws `bad_request`, `stale_manifest`, `device_required`, `rate_limited`. */
export async function publishManifest(app: AppContext, caller: DeviceCaller, { manifest }: z.infer<typeof PublishManifest>): Promise<void> {
  await acceptManifest(app, caller, manifest, null);
}
