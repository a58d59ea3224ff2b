/** The clear statement of a `manifest` entry of a chat's log: which manifest of whom counts from that place on.
 *  It carries no signature: the manifest that it names does. */
import { z } from "zod";
import { uuidToBytes } from "../encodings";
import type { UserId } from "../ids";
import { decodeStrict, encodeCanonical } from "./cbor";
import { bytesField, countField, HASH_BYTES, userIdField } from "./fields";

export type ManifestEntry = {
  v: 1;
  userId: UserId;
  generation: number;
  version: number;
  /** manifestHash of the manifest. */
  hash: Uint8Array;
};

const WireEntry = z.strictObject({
  v: z.literal(1),
  userId: userIdField,
  generation: countField,
  version: countField,
  hash: bytesField(HASH_BYTES),
});

/** The bytes of the statement. Throws ZodError when a field is out of its bounds. */
export function encodeManifestEntry(entry: ManifestEntry): Uint8Array {
  const wire = { ...entry, userId: uuidToBytes(entry.userId) };
  WireEntry.parse(wire);
  return encodeCanonical(wire);
}

/** Reads a statement. Null for anything that encodeManifestEntry would not make. Never throws. */
export function decodeManifestEntry(bytes: Uint8Array): ManifestEntry | null {
  const decoded = decodeStrict(bytes);
  return decoded.ok ? (WireEntry.safeParse(decoded.value).data ?? null) : null;
}
