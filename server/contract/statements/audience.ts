/** Who may read an entry of a chat, computed from the statements of its log alone. Pure: the same log gives everybody the same audience,
 *  whatever the server says about it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { uuidToBytes } from "../encodings";
import type { ChatId, UserId } from "../ids";
import { constantTimeEqual, signingInput } from "../signatures";
import { compareBytes, encodeCanonical } from "./cbor";
import { membersFit } from "./chat-id";
import { decodeManifestEntry, type ManifestEntry } from "./manifest-entry";

const AUDIENCE_LABEL = "parley audience v1";

/** The manifest that counts for a member, and the entry that said so. */
type AppliedManifest = { generation: number; version: number; hash: Uint8Array; seq: number };

type AudienceMember = {
  userId: UserId;
  /** Null until the log has named one: nothing can be encrypted to this person yet. */
  manifest: AppliedManifest | null;
};

/** Plain values only: it can be stored as it is. Members are sorted by id. */
export type Audience = {
  type: "individual";
  chatId: ChatId;
  /** The last control or manifest entry that was looked at, faults included: what a send names as audienceSeq. 0 before the first. */
  seq: number;
  members: AudienceMember[];
};

/** A control or manifest entry of the log: the bytes of its clear statement. */
export type StatementEntry = { seq: number; kind: "control" | "manifest"; statement: Uint8Array };

export type AudienceFault =
  /** Not above the last applied entry: a repetition, not the server's fault. */
  | "seq_not_higher"
  | "malformed"
  /** Names somebody who is no member. */
  | "unknown_person"
  /** Not higher by (generation, version) than the last of that person in this log. */
  | "not_higher"
  /** The same generation and version as the last of that person, with another hash. */
  | "conflict"
  /** An individual chat has no membership to change. */
  | "control_in_individual_chat";

export type AppliedStatement =
  | { ok: true; audience: Audience }
  /** The entry has no effect and is to be shown. `audience` is to be kept all the same: its seq has moved on. */
  | { ok: false; reason: AudienceFault; audience: Audience };

/** The audience of an individual chat before its first entry; one member for a person's own chat, given once or twice.
 *  Throws RangeError when these are not the members that the id was made of. */
export function emptyAudience(chatId: ChatId, members: readonly UserId[]): Audience {
  if (!membersFit(chatId, members)) throw new RangeError("not the members of this chat");
  const userIds = [...new Set(members)].sort();
  return { type: "individual", chatId, seq: 0, members: userIds.map((userId) => ({ userId, manifest: null })) };
}

/** The audience from this entry on. Entries are applied in the order of their seq; `message` and `device` entries are left out.
 *  The hash is taken as the log says: that a manifest with it exists and is acceptable is judged by judgeManifest. */
export function applyStatement(audience: Audience, entry: StatementEntry): AppliedStatement {
  if (entry.seq <= audience.seq) return { ok: false, reason: "seq_not_higher", audience };
  const moved = { ...audience, seq: entry.seq };
  const fault = (reason: AudienceFault): AppliedStatement => ({ ok: false, reason, audience: moved });
  if (entry.kind === "control") return fault("control_in_individual_chat");
  const statement = decodeManifestEntry(entry.statement);
  if (!statement) return fault("malformed");
  const member = audience.members.find(({ userId }) => userId === statement.userId);
  if (!member) return fault("unknown_person");
  const refusal = member.manifest && refuseStatement(member.manifest, statement);
  if (refusal) return fault(refusal);
  const { generation, version, hash } = statement;
  const manifest = { generation, version, hash, seq: entry.seq };
  return { ok: true, audience: { ...moved, members: moved.members.map((other) => (other === member ? { ...member, manifest } : other)) } };
}

function refuseStatement(last: AppliedManifest, { generation, version, hash }: ManifestEntry): AudienceFault | null {
  if (generation > last.generation || (generation === last.generation && version > last.version)) return null;
  const samePlace = generation === last.generation && version === last.version;
  return samePlace && !constantTimeEqual(hash, last.hash) ? "conflict" : "not_higher";
}

/** One person's line in the audience hash. `hash` is manifestHash of the manifest with that generation and version. */
export type AudienceKeys = { userId: UserId; accountKey: Uint8Array; generation: number; version: number; hash: Uint8Array };

/** What every content carries, so that two devices notice when the server told them different things about who can read.
 *  The order of `members` does not matter. Throws RangeError on ids that are no UUID text. */
export function audienceHash(chatId: ChatId, members: readonly AudienceKeys[]): Uint8Array {
  const lines = members
    .map(({ userId, accountKey, generation, version, hash }) => ({ userId: uuidToBytes(userId), accountKey, generation, version, hash }))
    .sort((a, b) => compareBytes(a.userId, b.userId));
  return sha256(signingInput(AUDIENCE_LABEL, encodeCanonical({ chatId: uuidToBytes(chatId), members: lines })));
}
