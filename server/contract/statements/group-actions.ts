/** Who may do what in a group, and what it does. Every rule is decided by the group's present state and the entry alone, so that everybody
 *  decides alike. An action is done whole or not at all. */
import { assertNever } from "../errors";
import type { UserId } from "../ids";
import { MAX_BARRED_PER_GROUP, MAX_GROUP_MEMBERS } from "../limits";
import { constantTimeEqual } from "../signatures";
import type { LaterAction, NamedPerson, Role } from "./control";
import { type GroupSettings, isSameSetting, type Policy } from "./group-settings";

export type GroupMember = NamedPerson & {
  /** Index of the entry by which they came in. */
  enteredAt: number;
};

/** What roles decide about. Plain values only. */
export type Group = {
  /** Sorted by id. */
  members: GroupMember[];
  /** Removed by somebody, and so kept out of the link until somebody adds them; the latest last. */
  barred: UserId[];
  settings: GroupSettings;
};

export type ActionRefusal =
  /** The actor's role or the group's policy doesn't allow it, or it is a thing that one can't do to oneself. */
  | "not_allowed"
  | "already_member"
  /** Names somebody who is not in the group. */
  | "not_a_member"
  /** MAX_GROUP_MEMBERS. */
  | "group_full"
  /** An owner has to be named before the last one leaves or steps down. */
  | "last_owner"
  /** The group wants somebody to add whoever comes by the link. */
  | "approval_needed"
  /** Was removed, and can come back only by being added. */
  | "barred"
  /** Everybody left: the group has ended. */
  | "nobody_there"
  | "nothing_changes";

type SettingChanged = {
  [Key in keyof GroupSettings]: { type: "setting_changed"; setting: Key; before: GroupSettings[Key]; after: GroupSettings[Key] };
}[keyof GroupSettings];

/** What an applied entry did, for notices and for what has to follow. The entry says who did it. */
export type GroupEffect =
  | { type: "created" }
  /** Is in the group from here on. Where the account key is not the one that a client pinned, it warns: see unpinnedKeys. */
  | { type: "entered"; userId: UserId; role: Role; accountKey: Uint8Array; by: "create" | "add" | "join" }
  /** The actor answers for a member's new identity, which nothing else confirms. */
  | { type: "identity_replaced"; userId: UserId; role: Role; previousAccountKey: Uint8Array; accountKey: Uint8Array }
  /** A member's new account key, confirmed by their recovery key. */
  | { type: "rekeyed"; userId: UserId; previousAccountKey: Uint8Array; accountKey: Uint8Array }
  | { type: "removed"; userId: UserId }
  | { type: "left"; userId: UserId; deletesAccount: boolean }
  | { type: "role_changed"; userId: UserId; from: Role; to: Role }
  /** The group had lost its last owner: this one follows. */
  | { type: "owner_succeeded"; userId: UserId; from: Role }
  | SettingChanged;

export type ActionOutcome = { ok: true; group: Group; effects: GroupEffect[] } | { ok: false; reason: ActionRefusal };

const RANK: Record<Role, number> = { member: 0, admin: 1, owner: 2 };

/** Does what the actor asks of the group, in the entry with this index, if they may. A `rekey`'s proof and a `join`'s invite are taken as
 *  checked. The actor of everything but a `join` is a member. */
export function performAction(group: Group, actorUserId: UserId, action: LaterAction, index: number): ActionOutcome {
  const actor = memberOf(group, actorUserId);
  const outcome =
    action.type === "join"
      ? join(group, actorUserId, action, index)
      : actor
        ? byMember(group, actor, action, index)
        : refused("not_a_member");
  return outcome.ok ? withOwner(outcome) : outcome;
}

/** Whether this person may write messages in the group. */
export function mayPost(group: Group, userId: UserId): boolean {
  const member = memberOf(group, userId);
  return member !== undefined && fitsPolicy(member, group.settings.posting);
}

/** The member with this id; undefined for anybody else. */
export function memberOf(group: Group, userId: UserId): GroupMember | undefined {
  return group.members.find((member) => member.userId === userId);
}

function byMember(group: Group, actor: GroupMember, action: Exclude<LaterAction, { type: "join" }>, index: number): ActionOutcome {
  switch (action.type) {
    case "add":
      return add(group, actor, action.members, index);
    case "remove":
      return remove(group, actor, action.userIds);
    case "leave":
      return leave(group, actor, action.deletesAccount);
    case "change-role":
      return changeRole(group, actor, action);
    case "change-settings":
      return changeSettings(group, actor, action.changes);
    case "rekey":
      return rekey(group, actor, action);
    default:
      return assertNever(action);
  }
}

function add(group: Group, actor: GroupMember, named: NamedPerson[], index: number): ActionOutcome {
  const effects: GroupEffect[] = [];
  const members: GroupMember[] = [];
  for (const person of named) {
    const present = memberOf(group, person.userId);
    const reason = present ? refuseIdentity(actor, present, person) : refuseNewcomer(group, actor, person);
    if (reason) return refused(reason);
    const { userId, role, accountKey } = person;
    members.push({ ...person, enteredAt: present?.enteredAt ?? index });
    effects.push(
      present
        ? { type: "identity_replaced", userId, role, previousAccountKey: present.accountKey, accountKey }
        : { type: "entered", userId, role, accountKey, by: "add" },
    );
  }
  const after = withMembers(group, members);
  return after.members.length > MAX_GROUP_MEMBERS ? refused("group_full") : { ok: true, group: after, effects };
}

function refuseNewcomer({ settings }: Group, actor: GroupMember, { role }: NamedPerson): ActionRefusal | null {
  const may = role === "member" ? fitsPolicy(actor, settings.adding) : mayGive(actor, role);
  return may ? null : "not_allowed";
}

/** NOTE: an identity is answered for only by somebody who could also remove the person. Else an admin could put a key of their own in an
 *  owner's place. */
function refuseIdentity(actor: GroupMember, present: GroupMember, named: NamedPerson): ActionRefusal | null {
  if (constantTimeEqual(present.accountKey, named.accountKey)) return "already_member";
  return mayTouch(actor, present) && mayGive(actor, named.role) ? null : "not_allowed";
}

function remove(group: Group, actor: GroupMember, userIds: UserId[]): ActionOutcome {
  for (const userId of userIds) {
    const present = memberOf(group, userId);
    if (!present) return refused("not_a_member");
    if (!mayTouch(actor, present)) return refused("not_allowed");
  }
  const gone = new Set(userIds);
  const barred = [...group.barred, ...userIds].slice(-MAX_BARRED_PER_GROUP);
  const members = group.members.filter(({ userId }) => !gone.has(userId));
  return { ok: true, group: { ...group, members, barred }, effects: userIds.map((userId) => ({ type: "removed", userId })) };
}

function leave(group: Group, actor: GroupMember, deletesAccount: boolean): ActionOutcome {
  const members = group.members.filter((member) => member !== actor);
  if (!deletesAccount && members.length > 0 && isLastOwner(group, actor)) return refused("last_owner");
  return { ok: true, group: { ...group, members }, effects: [{ type: "left", userId: actor.userId, deletesAccount }] };
}

function changeRole(group: Group, actor: GroupMember, { userId, role }: { userId: UserId; role: Role }): ActionOutcome {
  const present = memberOf(group, userId);
  if (!present) return refused("not_a_member");
  if (present.role === role) return refused("nothing_changes");
  const stepsDown = present === actor && RANK[role] < RANK[actor.role];
  if (!stepsDown && !(mayTouch(actor, present) && mayGive(actor, role))) return refused("not_allowed");
  if (stepsDown && isLastOwner(group, actor)) return refused("last_owner");
  return {
    ok: true,
    group: withMembers(group, [{ ...present, role }]),
    effects: [{ type: "role_changed", userId, from: present.role, to: role }],
  };
}

function changeSettings(group: Group, actor: GroupMember, changes: Partial<GroupSettings>): ActionOutcome {
  const { settings } = group;
  const asked = Object.keys(changes) as (keyof GroupSettings)[];
  if (!asked.every((setting) => fitsPolicy(actor, neededFor(setting, settings)))) return refused("not_allowed");
  const after = { ...settings, ...changes };
  const effects = asked
    .filter((setting) => !isSameSetting(settings[setting], after[setting]))
    .map((setting) => ({ type: "setting_changed", setting, before: settings[setting], after: after[setting] }) as SettingChanged);
  return effects.length === 0 ? refused("nothing_changes") : { ok: true, group: { ...group, settings: after }, effects };
}

/** Who may change a setting. */
function neededFor(setting: keyof GroupSettings, settings: GroupSettings): Policy {
  switch (setting) {
    case "nameHash":
    case "descriptionHash":
    case "pictureHash":
    case "expiresAfterS":
      return settings.editing;
    case "posting":
    case "adding":
    case "editing":
    case "approval":
    case "inviteKey":
      return "admins";
    default:
      return assertNever(setting);
  }
}

function rekey(
  group: Group,
  actor: GroupMember,
  { accountKey, manifestHash }: { accountKey: Uint8Array; manifestHash: Uint8Array },
): ActionOutcome {
  if (constantTimeEqual(actor.accountKey, accountKey)) return refused("nothing_changes");
  return {
    ok: true,
    group: withMembers(group, [{ ...actor, accountKey, manifestHash }]),
    effects: [{ type: "rekeyed", userId: actor.userId, previousAccountKey: actor.accountKey, accountKey }],
  };
}

function join(group: Group, userId: UserId, own: { accountKey: Uint8Array; manifestHash: Uint8Array }, index: number): ActionOutcome {
  if (memberOf(group, userId)) return refused("already_member");
  if (group.members.length === 0) return refused("nobody_there");
  if (group.barred.includes(userId)) return refused("barred");
  if (group.settings.approval) return refused("approval_needed");
  if (group.members.length >= MAX_GROUP_MEMBERS) return refused("group_full");
  const { accountKey, manifestHash } = own;
  const member: GroupMember = { userId, role: "member", accountKey, manifestHash, enteredAt: index };
  return { ok: true, group: withMembers(group, [member]), effects: [{ type: "entered", userId, role: "member", accountKey, by: "join" }] };
}

/** A group that lost its last owner goes to whoever came first among the admins, else among all; to the lower id among those who came
 *  together. */
function withOwner(outcome: Extract<ActionOutcome, { ok: true }>): ActionOutcome {
  const { group, effects } = outcome;
  if (group.members.some(({ role }) => role === "owner")) return outcome;
  const admins = group.members.filter(({ role }) => role === "admin");
  const [heir] = (admins.length > 0 ? admins : group.members).toSorted((a, b) => a.enteredAt - b.enteredAt);
  if (!heir) return outcome;
  return {
    ok: true,
    group: withMembers(group, [{ ...heir, role: "owner" }]),
    effects: [...effects, { type: "owner_succeeded", userId: heir.userId, from: heir.role }],
  };
}

/** Over people below oneself, and an owner over the other owners too. */
function mayTouch(actor: GroupMember, other: GroupMember): boolean {
  return actor.userId !== other.userId && (actor.role === "owner" || RANK[actor.role] > RANK[other.role]);
}

function mayGive(actor: GroupMember, role: Role): boolean {
  return actor.role === "owner" || (actor.role === "admin" && role !== "owner");
}

function fitsPolicy(actor: GroupMember, policy: Policy): boolean {
  return policy === "everyone" || actor.role !== "member";
}

function isLastOwner(group: Group, actor: GroupMember): boolean {
  return actor.role === "owner" && group.members.every(({ userId, role }) => role !== "owner" || userId === actor.userId);
}

/** The group with these people in it, in their places by id, and in the link's good books again. */
function withMembers(group: Group, members: GroupMember[]): Group {
  const named = new Set(members.map(({ userId }) => userId));
  const others = group.members.filter(({ userId }) => !named.has(userId));
  return {
    ...group,
    members: [...others, ...members].sort((a, b) => (a.userId < b.userId ? -1 : 1)),
    barred: group.barred.filter((userId) => !named.has(userId)),
  };
}

function refused(reason: ActionRefusal): ActionOutcome {
  return { ok: false, reason };
}
