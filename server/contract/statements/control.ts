/** Control entries: who is in a group, in which role, under which settings, each signed by whoever did it and linked to the one before.
 *  This file knows one entry by itself: its form, its hash, what its signatures cover. Whether it has a place in a group's chain is
 *  judged in group-chain.ts. */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { TimeMs, uuidToBytes } from "../encodings";
import type { ChatId, DeviceId, UserId } from "../ids";
import { MAX_CIPHERTEXT_BYTES, MAX_NAMED_PER_CONTROL } from "../limits";
import { isEd25519PublicKey, SIGNATURE_BYTES, signEd25519, signingInput } from "../signatures";
import { type CborValue, decodeStrict, encodeCanonical } from "./cbor";
import { bytesField, chatIdField, countField, deviceIdField, HASH_BYTES, userIdField } from "./fields";
import { type GroupSettings, WireSettingChanges, WireSettings } from "./group-settings";

const CONTROL_LABEL = "parley control v1";
const CONTROL_HASH_LABEL = "parley control hash v1";
const JOIN_LABEL = "parley join v1";

export type Role = "owner" | "admin" | "member";

/** A person as an entry names them: by the account key, and by the manifest from which later keys are followed. */
export type NamedPerson = {
  userId: UserId;
  role: Role;
  /** Ed25519. */
  accountKey: Uint8Array;
  /** manifestHash of a manifest with that account key: the highest that the actor took. */
  manifestHash: Uint8Array;
};

/** The first entry. Its actor is among the members, as an owner. */
export type CreateAction = {
  type: "create";
  /** 32 bytes; with the creator's account key they make the chat's id. */
  random: Uint8Array;
  /** Sorted by id, as everywhere below. */
  members: NamedPerson[];
  settings: GroupSettings;
};

export type LaterAction =
  /** New people, and members whose lost identity the actor answers for: those under another key than before. */
  | { type: "add"; members: NamedPerson[] }
  | { type: "remove"; userIds: UserId[] }
  /** An account that is deleted leaves its groups also as their last owner. */
  | { type: "leave"; deletesAccount: boolean }
  | { type: "change-role"; userId: UserId; role: Role }
  | { type: "change-settings"; changes: Partial<GroupSettings> }
  /** The actor's new account key, which signs this entry; `manifestHash`: the last one that the log names for them. */
  | { type: "rekey"; accountKey: Uint8Array; manifestHash: Uint8Array }
  /** By link; the actor's account key signs this entry. */
  | { type: "join"; accountKey: Uint8Array; manifestHash: Uint8Array };

export type ControlAction = CreateAction | LaterAction;

export type Control = {
  v: 1;
  chatId: ChatId;
  /** Place in the chain: 1, 2, 3 … Only the first is a `create`. */
  index: number;
  /** controlHash of the entry before; null in the first only. */
  previousHash: Uint8Array | null;
  actorUserId: UserId;
  actorDeviceId: DeviceId;
  action: ControlAction;
  atMs: number;
};

export type ControlFormFault =
  /** Over MAX_CIPHERTEXT_BYTES. */
  | "too_large"
  /** No strict CBOR. */
  | "malformed"
  /** A field is missing, unknown, out of its bounds or its order, or does not go with the action. */
  | "wrong_shape"
  /** A key in it is of small order or no point at all. */
  | "bad_key";

/** `hash` is controlHash; the signatures are over `bytes` and not yet verified. */
export type ParsedControl = {
  ok: true;
  control: Control;
  hash: Uint8Array;
  bytes: Uint8Array;
  signature: Uint8Array;
  /** Of `join` alone. */
  inviteSignature: Uint8Array | null;
};
export type ControlParsing = ParsedControl | { ok: false; reason: ControlFormFault };

const ascending = (ids: string[]) => ids.every((id, i) => i === 0 || (ids[i - 1] as string) < id);
const role = z.enum(["owner", "admin", "member"]);
const key = bytesField(32);
const person = z.strictObject({ userId: userIdField, role, accountKey: key, manifestHash: bytesField(HASH_BYTES) });
const people = z
  .array(person)
  .min(1)
  .max(MAX_NAMED_PER_CONTROL)
  .refine((named) => ascending(named.map(({ userId }) => userId)));
const userIds = z.array(userIdField).min(1).max(MAX_NAMED_PER_CONTROL).refine(ascending);
const ownKey = { accountKey: key, manifestHash: bytesField(HASH_BYTES) };

const WireAction = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("create"), random: bytesField(32), members: people, settings: WireSettings }),
  z.strictObject({ type: z.literal("add"), members: people }),
  z.strictObject({ type: z.literal("remove"), userIds }),
  z.strictObject({ type: z.literal("leave"), deletesAccount: z.boolean() }),
  z.strictObject({ type: z.literal("change-role"), userId: userIdField, role }),
  z.strictObject({ type: z.literal("change-settings"), changes: WireSettingChanges }),
  z.strictObject({ type: z.literal("rekey"), ...ownKey }),
  z.strictObject({ type: z.literal("join"), ...ownKey }),
]);

const WireControl = z.strictObject({
  v: z.literal(1),
  chatId: chatIdField,
  index: countField,
  previousHash: bytesField(HASH_BYTES).nullable(),
  actorUserId: userIdField,
  actorDeviceId: deviceIdField,
  action: WireAction,
  atMs: TimeMs,
});

const Envelope = z.strictObject({
  control: z.instanceof(Uint8Array),
  signature: bytesField(SIGNATURE_BYTES),
  inviteSignature: bytesField(SIGNATURE_BYTES).nullable(),
});

/** Encodes and signs an entry: the bytes of its statement. `inviteSecretKey` goes with `join` and nothing else. Throws RangeError for an
 *  entry that parseControl would refuse. Who wants it to be taken builds it by nextControl. */
export function signControl(input: {
  control: Control;
  /** Ed25519, 32 bytes, as the other one. */
  accountSecretKey: Uint8Array;
  inviteSecretKey?: Uint8Array;
}): Uint8Array {
  const { control, accountSecretKey, inviteSecretKey } = input;
  const bytes = encodeCanonical(toWire(control));
  const statement = encodeCanonical({
    control: bytes,
    signature: signEd25519(accountSecretKey, controlSigningInput(bytes)),
    inviteSignature: inviteSecretKey ? signEd25519(inviteSecretKey, joinSigningInput(control)) : null,
  });
  const parsed = parseControl(statement);
  if (!parsed.ok) throw new RangeError(`not a control entry: ${parsed.reason}`);
  return statement;
}

/** Reads a control entry's statement and checks its form. The signatures can only be judged by who knows the chain: see judgeControl.
 *  Never throws. */
export function parseControl(statement: Uint8Array): ControlParsing {
  const refused = (reason: ControlFormFault): ControlParsing => ({ ok: false, reason });
  if (statement.length > MAX_CIPHERTEXT_BYTES) return refused("too_large");
  const outer = decodeStrict(statement);
  if (!outer.ok) return refused("malformed");
  const envelope = Envelope.safeParse(outer.value);
  if (!envelope.success) return refused("wrong_shape");
  const { control: bytes, ...signatures } = envelope.data;
  const inner = decodeStrict(bytes);
  if (!inner.ok) return refused("malformed");
  const shape = WireControl.safeParse(inner.value);
  if (!shape.success) return refused("wrong_shape");
  const control: Control = shape.data;
  if (!fitsItsAction(control, signatures.inviteSignature)) return refused("wrong_shape");
  if (!keysOf(control.action).every(isEd25519PublicKey)) return refused("bad_key");
  return { ok: true, control, hash: controlHash(bytes), bytes, ...signatures };
}

/** The name of a control entry: links its successor, and is the chain's head. 32 bytes over the signed bytes, without their signatures. */
export function controlHash(controlBytes: Uint8Array): Uint8Array {
  return sha256(signingInput(CONTROL_HASH_LABEL, controlBytes));
}

/** What the actor's account key signs. */
export function controlSigningInput(controlBytes: Uint8Array): Uint8Array {
  return signingInput(CONTROL_LABEL, controlBytes);
}

/** What the invite key signs for a `join`: chatId (16 bytes), previousHash, userId (16 bytes), accountKey. So it is good for this person at
 *  this place only. Throws RangeError for another entry. */
export function joinSigningInput({ chatId, previousHash, actorUserId, action }: Control): Uint8Array {
  if (action.type !== "join" || !previousHash) throw new RangeError("not a join");
  return signingInput(JOIN_LABEL, uuidToBytes(chatId), previousHash, uuidToBytes(actorUserId), action.accountKey);
}

/** The first entry is a `create` that makes its actor an owner, every other one has a hash, and a `join` alone has an invite's signature. */
function fitsItsAction({ index, previousHash, actorUserId, action }: Control, inviteSignature: Uint8Array | null): boolean {
  const isFirst = index === 1;
  if ((action.type === "create") !== isFirst || (previousHash === null) !== isFirst) return false;
  if ((action.type === "join") !== (inviteSignature !== null)) return false;
  return action.type !== "create" || action.members.some(({ userId, role }) => userId === actorUserId && role === "owner");
}

function keysOf(action: ControlAction): Uint8Array[] {
  switch (action.type) {
    case "create":
      return [...action.members.map(({ accountKey }) => accountKey), ...given(action.settings.inviteKey)];
    case "add":
      return action.members.map(({ accountKey }) => accountKey);
    case "change-settings":
      return given(action.changes.inviteKey);
    case "rekey":
    case "join":
      return [action.accountKey];
    case "remove":
    case "leave":
    case "change-role":
      return [];
  }
}

const given = (key: Uint8Array | null | undefined) => (key ? [key] : []);

function toWire(control: Control): CborValue {
  const { chatId, actorUserId, actorDeviceId, action } = control;
  return {
    ...control,
    chatId: uuidToBytes(chatId),
    actorUserId: uuidToBytes(actorUserId),
    actorDeviceId: uuidToBytes(actorDeviceId),
    action: toWireAction(action),
  };
}

function toWireAction(action: ControlAction): CborValue {
  switch (action.type) {
    case "create":
    case "add":
      return { ...action, members: action.members.map((named) => ({ ...named, userId: uuidToBytes(named.userId) })) };
    case "remove":
      return { ...action, userIds: action.userIds.map(uuidToBytes) };
    case "change-role":
      return { ...action, userId: uuidToBytes(action.userId) };
    case "leave":
    case "change-settings":
    case "rekey":
    case "join":
      return action;
  }
}
