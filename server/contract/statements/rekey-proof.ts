/** Whether a member's new account key is theirs: reached from the manifest by which the chain knows them, over manifests that each follow
 *  the one before, every new key confirmed by the recovery key. A thief who has the old account key can't make such a row. */
import type { UserId } from "../ids";
import { MAX_MANIFESTS_TO_NEW_KEY } from "../limits";
import { constantTimeEqual } from "../signatures";
import type { ParsedManifest } from "./manifest";
import { judgeManifest, pinOf } from "./manifest-pin";

/** The manifest with this hash, as parseManifest accepted it; null when it is not at hand. */
export type ManifestLookup = (hash: Uint8Array) => ParsedManifest | null;

/** An account key and a manifest that carries it. */
type KeyAndManifest = { accountKey: Uint8Array; manifestHash: Uint8Array };

export type RotationProof =
  | { proof: "rotated" }
  /** Another person, another name, another key, a key that no recovery signature confirms, or more than MAX_MANIFESTS_TO_NEW_KEY between. */
  | { proof: "unproven" }
  /** Can't be said without the manifest with this hash. */
  | { proof: "needs_manifest"; manifestHash: Uint8Array };

/** Walks from the new manifest back to the known one. `manifestOf` is asked once for each on the way, the newest first. */
export function proveRotation(userId: UserId, known: KeyAndManifest, next: KeyAndManifest, manifestOf: ManifestLookup): RotationProof {
  let later = manifestOf(next.manifestHash);
  if (!later) return { proof: "needs_manifest", manifestHash: next.manifestHash };
  if (later.manifest.userId !== userId || !constantTimeEqual(later.manifest.accountKey, next.accountKey)) return { proof: "unproven" };
  for (let steps = 0; !constantTimeEqual(later.hash, known.manifestHash); steps++) {
    const { previousHash } = later.manifest;
    if (previousHash === null || steps === MAX_MANIFESTS_TO_NEW_KEY) return { proof: "unproven" };
    const earlier = manifestOf(previousHash);
    if (!earlier) return { proof: "needs_manifest", manifestHash: previousHash };
    const { verdict } = judgeManifest(pinOf(earlier), later);
    if (verdict !== "next" && verdict !== "rotated") return { proof: "unproven" };
    later = earlier;
  }
  return { proof: constantTimeEqual(later.manifest.accountKey, known.accountKey) ? "rotated" : "unproven" };
}
