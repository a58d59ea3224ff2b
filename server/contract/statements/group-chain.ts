/** A group's control chain: the state that its entries make, and the verdict on the next one. Server and clients judge by this one function,
 *  entry by entry, from the first one on; whoever comes later judges the same entries and ends at the same state. */
import type { ChatId, UserId } from "../ids";
import { MAX_RECENT_HEADS } from "../limits";
import { constantTimeEqual, verifyEd25519 } from "../signatures";
import { groupChatId } from "./chat-id";
import {
  type Control,
  type ControlFormFault,
  type CreateAction,
  controlSigningInput,
  joinSigningInput,
  type ParsedControl,
  parseControl,
} from "./control";
import { type ActionOutcome, type ActionRefusal, type Group, type GroupEffect, memberOf, performAction } from "./group-actions";
import { type ManifestLookup, proveRotation } from "./rekey-proof";

/** An entry that somebody trusted named before it was seen: a link or a welcome the first one, a welcome also a later one. */
export type ExpectedEntry = { index: number; hash: Uint8Array };

/** Plain values only: it can be stored as it is, or as encodeCanonical(chain). */
export type GroupChain = Group & {
  chatId: ChatId;
  expected: ExpectedEntry[];
  /** Index of the last entry in the chain; 0 before the first. */
  count: number;
  /** controlHash of the last entries in the chain, at most MAX_RECENT_HEADS: the last one is the head. Empty before the first. */
  recentHeads: Uint8Array[];
  /** Index of the last entry that changed who is a member, or a member's account key. */
  membershipIndex: number;
};

/** Why an entry is not in the chain. It changes nothing, whoever wrote it, and is to be shown. */
export type ControlFault =
  | ControlFormFault
  /** Of another group; or a `create` whose key and random bytes are not those of the chat's id. */
  | "wrong_chat"
  /** Does not follow the head: repeated, overtaken by another entry, or from a branch. */
  | "wrong_link"
  /** Another entry at this place than the one that link or welcome named: somebody was shown another chain. */
  | "not_expected"
  /** Its actor is no member: the chain holds no key that could have signed it. */
  | "unknown_actor"
  /** Not signed by the account key that the chain holds for its actor; in `create` and `join`, by the one that they name themselves. */
  | "bad_signature"
  /** A `join` without the signature of the group's present invite key, or into a group that has none. */
  | "bad_invite_signature"
  /** A `rekey` to a key that the log and the recovery key don't confirm. */
  | "unproven_key";

export type ControlVerdict =
  /** In the chain, and done. */
  | { verdict: "applied"; control: Control; chain: GroupChain; effects: GroupEffect[] }
  /** In the chain, which moved on; nothing else changed, because the actor may not do this or it does nothing. To be shown. */
  | { verdict: "no_effect"; control: Control; chain: GroupChain; reason: ActionRefusal }
  | { verdict: "fault"; reason: ControlFault }
  /** No verdict: fetch the manifest with this hash and judge again. */
  | { verdict: "needs_manifest"; manifestHash: Uint8Array };

/** What a `rekey` is judged by besides the chain. */
export type RekeyEvidence = {
  /** The manifest that the log named last for this member; null when it named none. */
  namedManifestOf: (userId: UserId) => Uint8Array | null;
  manifestOf: ManifestLookup;
};

/** The chain of a group before its first entry. `expected`: what a link or a welcome says of it; nothing for whoever saw it begin. */
export function emptyChain(chatId: ChatId, expected: ExpectedEntry[] = []): GroupChain {
  const closed = { posting: "admins", adding: "admins", editing: "admins", approval: true } as const;
  const unset = { expiresAfterS: null, inviteKey: null, nameHash: null, descriptionHash: null, pictureHash: null };
  const nobody = { members: [], barred: [], settings: { ...closed, ...unset } };
  return { ...nobody, chatId, expected, count: 0, recentHeads: [], membershipIndex: 0 };
}

/** controlHash of the last entry in the chain; null before the first. */
export function headOf(chain: GroupChain): Uint8Array | null {
  return chain.recentHeads.at(-1) ?? null;
}

/** Judges the statement of the chain's next control entry. Nothing in it is believed before its place and its signatures are right. Never
 *  throws. */
export function judgeControl(chain: GroupChain, statement: Uint8Array, evidence: RekeyEvidence): ControlVerdict {
  const parsed = parseControl(statement);
  if (!parsed.ok) return fault(parsed.reason);
  const refusal = refusePlace(chain, parsed) ?? refuseSignatures(chain, parsed);
  if (refusal) return fault(refusal);
  const { control, hash } = parsed;
  const unproven = judgeNewKey(chain, control, evidence);
  if (unproven) return unproven;
  if (!isExpected(chain, parsed)) return fault("not_expected");
  const { action, actorUserId, index } = control;
  const outcome = action.type === "create" ? begin(action) : performAction(chain, actorUserId, action, index);
  const place = { count: index, recentHeads: [...chain.recentHeads, hash].slice(-MAX_RECENT_HEADS) };
  if (!outcome.ok) return { verdict: "no_effect", control, chain: { ...chain, ...place }, reason: outcome.reason };
  const { group, effects } = outcome;
  const membershipIndex = effects.some(changesMembership) ? index : chain.membershipIndex;
  return { verdict: "applied", control, chain: { ...chain, ...group, ...place, membershipIndex }, effects };
}

function refusePlace(chain: GroupChain, { control }: ParsedControl): ControlFault | null {
  if (control.chatId !== chain.chatId) return "wrong_chat";
  return control.index === chain.count + 1 && isSameHash(control.previousHash, headOf(chain)) ? null : "wrong_link";
}

// NOTE: asked last, so that of an entry which is not in the chain anyway everybody says the same.
function isExpected(chain: GroupChain, { control, hash }: ParsedControl): boolean {
  const expected = chain.expected.find(({ index }) => index === control.index);
  return !expected || constantTimeEqual(expected.hash, hash);
}

function isSameHash(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : constantTimeEqual(a, b);
}

function refuseSignatures(chain: GroupChain, { control, bytes, signature, inviteSignature }: ParsedControl): ControlFault | null {
  const key = signingKeyOf(chain, control);
  if (!key) return "unknown_actor";
  if (control.action.type === "create" && groupChatId(key, control.action.random) !== chain.chatId) return "wrong_chat";
  if (!verifyEd25519(key, controlSigningInput(bytes), signature)) return "bad_signature";
  if (control.action.type !== "join") return null;
  const { inviteKey } = chain.settings;
  const invited = inviteKey && inviteSignature && verifyEd25519(inviteKey, joinSigningInput(control), inviteSignature);
  return invited ? null : "bad_invite_signature";
}

/** The account key that has to have signed: the chain's for its actor, but the one that the entry brings with `create`, `join` and `rekey`. */
function signingKeyOf(chain: GroupChain, { action, actorUserId }: Control): Uint8Array | undefined {
  if (action.type === "create") return action.members.find(({ userId }) => userId === actorUserId)?.accountKey;
  if (action.type === "join") return action.accountKey;
  const held = memberOf(chain, actorUserId)?.accountKey;
  return held && action.type === "rekey" ? action.accountKey : held;
}

/** Null when the actor's key needs no more proof than its signature. */
function judgeNewKey(chain: GroupChain, { action, actorUserId }: Control, evidence: RekeyEvidence): ControlVerdict | null {
  const member = memberOf(chain, actorUserId);
  if (action.type !== "rekey" || !member || constantTimeEqual(action.accountKey, member.accountKey)) return null;
  const named = evidence.namedManifestOf(actorUserId);
  if (!named || !constantTimeEqual(named, action.manifestHash)) return fault("unproven_key");
  const proven = proveRotation(actorUserId, member, action, evidence.manifestOf);
  if (proven.proof === "needs_manifest") return { verdict: "needs_manifest", manifestHash: proven.manifestHash };
  return proven.proof === "unproven" ? fault("unproven_key") : null;
}

function begin({ members, settings }: CreateAction): ActionOutcome {
  const entered: GroupEffect[] = members.map(({ userId, role, accountKey }) => ({
    type: "entered",
    userId,
    role,
    accountKey,
    by: "create",
  }));
  const group = { members: members.map((person) => ({ ...person, enteredAt: 1 })), barred: [], settings };
  return { ok: true, group, effects: [{ type: "created" }, ...entered] };
}

function changesMembership({ type }: GroupEffect): boolean {
  return type === "entered" || type === "identity_replaced" || type === "rekeyed" || type === "removed" || type === "left";
}

function fault(reason: ControlFault): ControlVerdict {
  return { verdict: "fault", reason };
}
