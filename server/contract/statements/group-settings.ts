/** A group's settings. Policies stand in control entries in clear, because everyone judges by them; what people read (name, description,
 *  picture) travels encrypted beside the entry, which holds only its salted hash. */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { MAX_EXPIRES_AFTER_S } from "../limits";
import { constantTimeEqual, signingInput } from "../signatures";
import { bytesField, HASH_BYTES } from "./fields";

const GROUP_DETAIL_LABEL = "parley group detail v1";
const SALT_BYTES = 16;

/** `admins` are admins and owners. */
export type Policy = "everyone" | "admins";

export type GroupSettings = {
  /** Who may write messages. */
  posting: Policy;
  /** Who may add people. */
  adding: Policy;
  /** Who may change name, description, picture and timer. */
  editing: Policy;
  /** Whoever has the link still has to be added by somebody who may add people. */
  approval: boolean;
  /** Timer of disappearing messages in seconds; null: they stay. */
  expiresAfterS: number | null;
  /** Ed25519; its secret half lies in the link. Null: there is no link. */
  inviteKey: Uint8Array | null;
  /** groupDetailHash; null: the group has none. */
  nameHash: Uint8Array | null;
  descriptionHash: Uint8Array | null;
  pictureHash: Uint8Array | null;
};

export type GroupDetail = "name" | "description" | "picture";

const DETAIL_BYTE: Record<GroupDetail, number> = { name: 1, description: 2, picture: 3 };

const policy = z.enum(["everyone", "admins"]);
const hash = bytesField(HASH_BYTES).nullable();
const fields = {
  posting: policy,
  adding: policy,
  editing: policy,
  approval: z.boolean(),
  expiresAfterS: z.int().min(1).max(MAX_EXPIRES_AFTER_S).nullable(),
  inviteKey: bytesField(32).nullable(),
  nameHash: hash,
  descriptionHash: hash,
  pictureHash: hash,
};

export const WireSettings = z.strictObject(fields);
/** One setting at least. */
export const WireSettingChanges = z
  .strictObject({
    posting: fields.posting.exactOptional(),
    adding: fields.adding.exactOptional(),
    editing: fields.editing.exactOptional(),
    approval: fields.approval.exactOptional(),
    expiresAfterS: fields.expiresAfterS.exactOptional(),
    inviteKey: fields.inviteKey.exactOptional(),
    nameHash: fields.nameHash.exactOptional(),
    descriptionHash: fields.descriptionHash.exactOptional(),
    pictureHash: fields.pictureHash.exactOptional(),
  })
  .refine((changes) => Object.keys(changes).length > 0);

/** What a control entry says about a detail: 32 bytes over its kind, 16 bytes of salt and its plaintext. The salt is new for each change and
 *  travels with the plaintext, so that nobody else can try names against the hash. Throws RangeError for a salt of another length. */
export function groupDetailHash(detail: GroupDetail, salt: Uint8Array, plaintext: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  return sha256(signingInput(GROUP_DETAIL_LABEL, Uint8Array.of(DETAIL_BYTE[detail]), salt, plaintext));
}

/** Whether two values of one setting are the same. */
export function isSameSetting<Key extends keyof GroupSettings>(a: GroupSettings[Key], b: GroupSettings[Key]): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? constantTimeEqual(a, b) : a === b;
}
