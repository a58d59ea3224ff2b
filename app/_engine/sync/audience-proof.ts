/** The audience of a chat with what proves it: whose devices may read, by which manifests. A device that no statement proves is not here. */
import type { DeviceId, UserId } from "@/server/contract/ids";
import { type Audience, audienceHash, readersOf } from "@/server/contract/statements/audience";
import type { EngineDatabase, ManifestRow } from "../storage/database";
import type { PeerDevice } from "../storage/sessions";
import { provenManifest } from "./contacts";

export type AudienceDevice = { userId: UserId; deviceId: DeviceId; identityKey: Uint8Array };
export type AudienceProof = {
  devices: AudienceDevice[];
  /** Null while a member's manifest is missing: nothing may be encrypted then. */
  hash: Uint8Array | null;
  identityKeyOf(peer: PeerDevice): Uint8Array | undefined;
};

export async function proveAudience(db: EngineDatabase, audience: Audience): Promise<AudienceProof> {
  const proven = new Map<UserId, ManifestRow>();
  for (const { userId, manifest } of audience.members) {
    const row = manifest && (await provenManifest(db, { userId, ...manifest }));
    if (row) proven.set(userId, row);
  }
  const { readers, missing } = readersOf(audience, ({ userId }) => proven.get(userId));
  const devices = readers.flatMap(({ userId, devices }) => devices.map((device) => ({ userId, ...device })));
  return {
    devices,
    hash: missing.length === 0 ? audienceHash(audience.chatId, readers) : null,
    identityKeyOf: ({ userId, deviceId }) => devices.find((one) => one.userId === userId && one.deviceId === deviceId)?.identityKey,
  };
}
