/** Who may read an entry of a chat, computed from the statements of its log alone. Pure: the same log gives everybody the same audience,
 *  whatever the server says about it. An individual chat's members stand in its id, a group's in its control chain; their devices stand
 *  in the manifests that the log names. */
import { sha256 } from "@noble/hashes/sha2.js";
import { uuidToBytes } from "../encodings";
import type { ChatId, UserId } from "../ids";
import { constantTimeEqual, signingInput } from "../signatures";
import { compareBytes, encodeCanonical } from "./cbor";
import { membersFit } from "./chat-id";
import type { Control } from "./control";
import type { ActionRefusal, GroupEffect } from "./group-actions";
import { type ControlFault, type ExpectedEntry, emptyChain, type GroupChain, judgeControl } from "./group-chain";
import { decodeManifestEntry, type ManifestEntry } from "./manifest-entry";
import type { ManifestLookup } from "./rekey-proof";

const AUDIENCE_LABEL = "parley audience v1";

/** The manifest that counts for a member, and the entry that said so. */
type AppliedManifest = { generation: number; version: number; hash: Uint8Array; seq: number };

type AudienceMember = {
  userId: UserId;
  /** Null until the log has named one since they came in: nothing can be encrypted to this person yet. */
  manifest: AppliedManifest | null;
};

type AudienceState = {
  chatId: ChatId;
  /** The last control or manifest entry that was looked at, faults included: what a send names as audienceSeq. 0 before the first. */
  seq: number;
  members: AudienceMember[];
};

/** The members of `chain`, each with a manifest. */
export type GroupAudience = AudienceState & { type: "group"; chain: GroupChain };

/** Plain values only: it can be stored as it is, or as encodeCanonical(audience). Members are sorted by id. */
export type Audience = (AudienceState & { type: "individual" }) | GroupAudience;

/** A control or manifest entry of the log: the bytes of its clear statement. */
export type StatementEntry = { seq: number; kind: "control" | "manifest"; statement: Uint8Array };

export type AudienceFault =
  /** Not above the last applied entry: a repetition, not the server's fault. */
  | "seq_not_higher"
  | "malformed"
  /** Names somebody who is no member. */
  | "unknown_person"
  /** Not higher by (generation, version) than the last of that person in this log since they came in. */
  | "not_higher"
  /** The same generation and version as the last of that person, with another hash. */
  | "conflict"
  /** An individual chat has no membership to change. */
  | "control_in_individual_chat"
  | ControlFault;

export type AppliedStatement =
  /** `effects`: what a control entry did; a manifest entry has none. */
  | { ok: true; audience: Audience; effects: GroupEffect[]; control: Control | null }
  /** The entry has no effect and is to be shown. `audience` is to be kept all the same: its seq has moved on, and after an ActionRefusal also
   *  the chain's head. */
  | { ok: false; reason: AudienceFault | ActionRefusal; audience: Audience }
  /** `audience` is what it was: fetch the manifest with this hash, and apply this entry again before any later one. */
  | { ok: false; reason: "needs_manifest"; manifestHash: Uint8Array; audience: Audience };

/** The audience of an individual chat before its first entry; one member for a person's own chat, given once or twice.
 *  Throws RangeError when these are not the members that the id was made of. */
export function emptyAudience(chatId: ChatId, members: readonly UserId[]): Audience {
  if (!membersFit(chatId, members)) throw new RangeError("not the members of this chat");
  const userIds = [...new Set(members)].sort();
  return { type: "individual", chatId, seq: 0, members: userIds.map((userId) => ({ userId, manifest: null })) };
}

/** The audience of a group before its first entry. `expected`: what the link or the welcome says of its chain. */
export function emptyGroupAudience(chatId: ChatId, expected: ExpectedEntry[] = []): GroupAudience {
  return { type: "group", chatId, seq: 0, members: [], chain: emptyChain(chatId, expected) };
}

/** The audience from this entry on. Entries are applied in the order of their seq; `message` and `device` entries are left out.
 *  The hash in a manifest entry is taken as the log says: that a manifest with it exists and is acceptable is judged by judgeManifest.
 *  `manifestOf` is asked only for a group's `rekey`. */
export function applyStatement(audience: Audience, entry: StatementEntry, manifestOf: ManifestLookup): AppliedStatement {
  if (entry.seq <= audience.seq) return { ok: false, reason: "seq_not_higher", audience };
  if (entry.kind === "manifest") return applyManifestEntry(audience, entry);
  if (audience.type === "group") return applyControlEntry(audience, entry, manifestOf);
  return { ok: false, reason: "control_in_individual_chat", audience: { ...audience, seq: entry.seq } };
}

function applyManifestEntry(audience: Audience, entry: StatementEntry): AppliedStatement {
  const moved = { ...audience, seq: entry.seq };
  const fault = (reason: AudienceFault): AppliedStatement => ({ ok: false, reason, audience: moved });
  const statement = decodeManifestEntry(entry.statement);
  if (!statement) return fault("malformed");
  const member = audience.members.find(({ userId }) => userId === statement.userId);
  if (!member) return fault("unknown_person");
  const refusal = member.manifest && refuseStatement(member.manifest, statement);
  if (refusal) return fault(refusal);
  const { generation, version, hash } = statement;
  const manifest = { generation, version, hash, seq: entry.seq };
  const members = moved.members.map((other) => (other === member ? { ...member, manifest } : other));
  return { ok: true, audience: { ...moved, members }, effects: [], control: null };
}

function refuseStatement(last: AppliedManifest, { generation, version, hash }: ManifestEntry): AudienceFault | null {
  if (generation > last.generation || (generation === last.generation && version > last.version)) return null;
  const samePlace = generation === last.generation && version === last.version;
  return samePlace && !constantTimeEqual(hash, last.hash) ? "conflict" : "not_higher";
}

function applyControlEntry(audience: GroupAudience, { seq, statement }: StatementEntry, manifestOf: ManifestLookup): AppliedStatement {
  const manifests = new Map(audience.members.map(({ userId, manifest }) => [userId, manifest]));
  const namedManifestOf = (userId: UserId) => manifests.get(userId)?.hash ?? null;
  const judged = judgeControl(audience.chain, statement, { namedManifestOf, manifestOf });
  switch (judged.verdict) {
    case "applied": {
      const { chain, effects, control } = judged;
      const members = chain.members.map(({ userId }) => ({ userId, manifest: manifests.get(userId) ?? null }));
      return { ok: true, audience: { ...audience, seq, chain, members }, effects, control };
    }
    case "no_effect":
      return { ok: false, reason: judged.reason, audience: { ...audience, seq, chain: judged.chain } };
    case "fault":
      return { ok: false, reason: judged.reason, audience: { ...audience, seq } };
    case "needs_manifest":
      return { ok: false, reason: "needs_manifest", manifestHash: judged.manifestHash, audience };
  }
}

/** One person's line in the audience hash. `hash` is manifestHash of the manifest with that generation and version. */
export type AudienceKeys = { userId: UserId; accountKey: Uint8Array; generation: number; version: number; hash: Uint8Array };

export type Readers<Proven> = {
  /** Whose devices may read, by id. With all of them known this is what audienceHash takes. */
  readers: Proven[];
  /** Their manifest is not at hand, or the log has not named one for a person of an individual chat: while there is somebody here, nobody
   *  can say who reads, and nothing may be encrypted. */
  missing: UserId[];
  /** Members of a group to whom nobody encrypts, which is to be shown: the log names no manifest of theirs, or one under another account key
   *  than the chain holds. */
  unreachable: UserId[];
};

/** Who may read. `provenManifest` gives what the caller holds of the manifest with these numbers and this hash, parsed and judged;
 *  undefined when it holds none. */
export function readersOf<Proven extends AudienceKeys>(
  audience: Audience,
  provenManifest: (named: Omit<AudienceKeys, "accountKey">) => Proven | undefined,
): Readers<Proven> {
  const found: Readers<Proven> = { readers: [], missing: [], unreachable: [] };
  const chainKeys = new Map(audience.type === "group" ? audience.chain.members.map((member) => [member.userId, member.accountKey]) : []);
  for (const { userId, manifest } of audience.members) {
    const chainKey = chainKeys.get(userId);
    const proven = manifest && provenManifest({ userId, ...manifest });
    if (chainKey && !manifest) found.unreachable.push(userId);
    else if (!proven) found.missing.push(userId);
    else if (chainKey && !constantTimeEqual(chainKey, proven.accountKey)) found.unreachable.push(userId);
    else found.readers.push(proven);
  }
  return found;
}

/** What every content carries, so that two devices notice when the server told them different things about who can read.
 *  The order of `members` does not matter. Throws RangeError on ids that are no UUID text. */
export function audienceHash(chatId: ChatId, members: readonly AudienceKeys[]): Uint8Array {
  const lines = members
    .map(({ userId, accountKey, generation, version, hash }) => ({ userId: uuidToBytes(userId), accountKey, generation, version, hash }))
    .sort((a, b) => compareBytes(a.userId, b.userId));
  return sha256(signingInput(AUDIENCE_LABEL, encodeCanonical({ chatId: uuidToBytes(chatId), members: lines })));
}
