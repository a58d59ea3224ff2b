import type { z } from "zod";
import type { AppContext, Caller } from "../context";
import type { RegisterDevice, Registered } from "../contract/devices";
import { individualChatId } from "../contract/statements/chat-id";
import { acceptManifest } from "./accept-manifest";
import { checkPrekeys } from "./publish-keys";

/** Adds a device to the caller's account by the manifest that lists it, with its prekeys, and binds the session to it. The first manifest
 *  gives the account its key and opens its own chat; one that the recovery key confirmed, or an identity reset, replaces the key.
 *  Throws `bad_request`, `stale_manifest`, `rate_limited`. */
export async function registerDevice(
  app: AppContext,
  caller: Caller,
  { manifest, deviceId, prekeys }: z.infer<typeof RegisterDevice>,
): Promise<z.infer<typeof Registered>> {
  // Before the signatures of a whole set of prekeys are verified, not after.
  await app.rateLimits.consume("uploadPrekeys", caller.userId);
  await acceptManifest(app, caller, manifest, { deviceId, prekeysOf: (identityKey) => checkPrekeys(prekeys, identityKey, app.now()) });
  return { selfChatId: individualChatId(caller.userId, caller.userId) };
}
