import { describe, expect, test } from "vitest";
import { MAX_BARRED_PER_GROUP, MAX_GROUP_MEMBERS } from "../limits";
import type { LaterAction, NamedPerson, Role } from "./control";
import { type ActionRefusal, type Group, type GroupEffect, type GroupMember, mayPost, performAction } from "./group-actions";
import type { GroupSettings } from "./group-settings";
import { fixedBytes, fixedUserId } from "./test-account";
import { INVITE_KEY, OPEN } from "./test-group";

/** Two of each role. Roles and rights are decided without looking into keys, so any bytes do for them. */
const NAMES = ["olga", "oscar", "adam", "anna", "mark", "mona"] as const;
const ROLE: Record<string, Role> = { o: "owner", a: "admin", m: "member" };

function named(name: string, role: Role = ROLE[name[0] as string] ?? "member", key = "key"): NamedPerson {
  return { userId: fixedUserId(name), role, accountKey: fixedBytes(`${name}'s ${key}`), manifestHash: fixedBytes(`${name}'s manifest`) };
}
function groupOf(names: readonly string[] = NAMES, settings: Partial<GroupSettings> = {}): Group {
  const members: GroupMember[] = names.map((name, i) => ({ ...named(name), enteredAt: i + 1 }));
  return frozen({ members: members.sort((a, b) => (a.userId < b.userId ? -1 : 1)), barred: [], settings: { ...OPEN, ...settings } });
}
/** What changes it throws. */
function frozen(group: Group): Group {
  for (const part of [group, group.members, group.barred, group.settings, ...group.members]) Object.freeze(part);
  return group;
}
const INDEX = 50;
function outcomeOf(group: Group, actor: string, action: LaterAction): "done" | ActionRefusal {
  const outcome = performAction(frozen(group), fixedUserId(actor), action, INDEX);
  return outcome.ok ? "done" : outcome.reason;
}
function done(group: Group, actor: string, action: LaterAction): { group: Group; effects: GroupEffect[] } {
  const outcome = performAction(group, fixedUserId(actor), action, INDEX);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome;
}
const roles = (group: Group, names: readonly string[] = NAMES) =>
  Object.fromEntries(
    names.flatMap((name) => group.members.filter(({ userId }) => userId === fixedUserId(name)).map(({ role }) => [name, role])),
  );

const add = (...members: NamedPerson[]): LaterAction => ({ type: "add", members });
const remove = (...names: string[]): LaterAction => ({ type: "remove", userIds: names.map(fixedUserId).sort() });
const leave = (deletesAccount = false): LaterAction => ({ type: "leave", deletesAccount });
const makeRole = (name: string, role: Role): LaterAction => ({ type: "change-role", userId: fixedUserId(name), role });
const set = (changes: Partial<GroupSettings>): LaterAction => ({ type: "change-settings", changes });
const join = (name: string): LaterAction => {
  const { accountKey, manifestHash } = named(name);
  return { type: "join", accountKey, manifestHash };
};

describe("who may do what to whom", () => {
  /** For each action: which of olga (owner), adam (admin) and mark (member) may. */
  const table: [string, LaterAction, string][] = [
    ["add somebody as a member", add(named("zoe", "member")), "olga adam"],
    ["add somebody as an admin", add(named("zoe", "admin")), "olga adam"],
    ["add somebody as an owner", add(named("zoe", "owner")), "olga"],
    ["answer for another owner's new identity", add(named("oscar", "owner", "new key")), "olga"],
    ["answer for another owner's new identity as a member", add(named("oscar", "member", "new key")), "olga"],
    ["answer for another admin's new identity", add(named("anna", "admin", "new key")), "olga"],
    ["answer for another member's new identity", add(named("mona", "member", "new key")), "olga adam"],
    ["make it an admin's", add(named("mona", "admin", "new key")), "olga adam"],
    ["make it an owner's", add(named("mona", "owner", "new key")), "olga"],
    ["remove another owner", remove("oscar"), "olga"],
    ["remove another admin", remove("anna"), "olga"],
    ["remove another member", remove("mona"), "olga adam"],
    ["remove a member together with an admin", remove("anna", "mona"), "olga"],
    ["leave", leave(), "olga adam mark"],
    ["make another owner an admin", makeRole("oscar", "admin"), "olga"],
    ["make another owner a member", makeRole("oscar", "member"), "olga"],
    ["make another admin an owner", makeRole("anna", "owner"), "olga"],
    ["make another admin a member", makeRole("anna", "member"), "olga"],
    ["make another member an owner", makeRole("mona", "owner"), "olga"],
    ["make another member an admin", makeRole("mona", "admin"), "olga adam"],
    ["change who may write", set({ posting: "admins" }), "olga adam"],
    ["change who may add", set({ adding: "everyone" }), "olga adam"],
    ["change who may edit", set({ editing: "admins" }), "olga adam"],
    ["ask for approval", set({ approval: true }), "olga adam"],
    ["open a link", set({ inviteKey: INVITE_KEY }), "olga adam"],
    ["rename", set({ nameHash: fixedBytes("name") }), "olga adam mark"],
    ["describe", set({ descriptionHash: fixedBytes("description") }), "olga adam mark"],
    ["change the picture", set({ pictureHash: fixedBytes("picture") }), "olga adam mark"],
    ["set the timer", set({ expiresAfterS: 3_600 }), "olga adam mark"],
    ["rename and open a link in one", set({ nameHash: fixedBytes("name"), inviteKey: INVITE_KEY }), "olga adam"],
  ];

  test.each(table)("%s", (_, action, allowed) => {
    for (const actor of ["olga", "adam", "mark"]) {
      const expected = allowed.includes(actor) ? "done" : "not_allowed";
      expect([actor, outcomeOf(groupOf(), actor, action)]).toEqual([actor, expected]);
    }
  });

  test("policies open adding to members, and close editing to them", () => {
    const open = groupOf(NAMES, { adding: "everyone", editing: "admins" });
    expect(outcomeOf(open, "mark", add(named("zoe", "member")))).toBe("done");
    expect(outcomeOf(open, "mark", add(named("zoe", "admin")))).toBe("not_allowed");
    expect(outcomeOf(open, "mark", add(named("mona", "member", "new key")))).toBe("not_allowed");
    for (const change of [{ nameHash: fixedBytes("name") }, { expiresAfterS: 60 }]) {
      expect(outcomeOf(open, "mark", set(change))).toBe("not_allowed");
      expect(outcomeOf(open, "adam", set(change))).toBe("done");
    }
  });

  test("nobody does to themselves what is meant for others", () => {
    for (const actor of ["olga", "adam", "mark"]) {
      expect(outcomeOf(groupOf(), actor, remove(actor))).toBe("not_allowed");
      expect(outcomeOf(groupOf(), actor, add(named(actor, "member", "new key")))).toBe("not_allowed");
    }
    expect(outcomeOf(groupOf(), "adam", makeRole("adam", "owner"))).toBe("not_allowed");
    expect(outcomeOf(groupOf(), "mark", makeRole("mark", "admin"))).toBe("not_allowed");
    expect(outcomeOf(groupOf(), "adam", makeRole("adam", "member"))).toBe("done");
    expect(outcomeOf(groupOf(), "olga", makeRole("olga", "member"))).toBe("done");
  });

  test("whoever is no member does nothing but join", () => {
    for (const [, action] of table) expect(outcomeOf(groupOf(), "zoe", action)).toBe("not_a_member");
    expect(outcomeOf(groupOf(), "zoe", join("zoe"))).toBe("done");
  });

  test("writing messages is for members, and where the policy says so for admins", () => {
    const may = (group: Group) => ["olga", "adam", "mark", "zoe"].filter((name) => mayPost(group, fixedUserId(name)));
    expect(may(groupOf())).toEqual(["olga", "adam", "mark"]);
    expect(may(groupOf(NAMES, { posting: "admins" }))).toEqual(["olga", "adam"]);
  });
});

describe("what is done", () => {
  test("people enter in the role that was given, with a seniority of their own", () => {
    const { group, effects } = done(
      groupOf(),
      "olga",
      add(...[named("zoe", "admin"), named("yann", "member")].sort((a, b) => (a.userId < b.userId ? -1 : 1))),
    );
    expect(roles(group, ["zoe", "yann"])).toEqual({ zoe: "admin", yann: "member" });
    expect(group.members.map(({ userId }) => userId)).toEqual(group.members.map(({ userId }) => userId).toSorted());
    expect(group.members.find(({ userId }) => userId === fixedUserId("zoe"))).toEqual({ ...named("zoe", "admin"), enteredAt: INDEX });
    expect(effects).toContainEqual({
      type: "entered",
      userId: fixedUserId("zoe"),
      role: "admin",
      accountKey: named("zoe").accountKey,
      by: "add",
    });
  });

  test("a member under another key keeps their seniority and has the role that was given", () => {
    const again = named("mona", "admin", "new key");
    const { group, effects } = done(groupOf(), "olga", add(again));
    expect(group.members.find(({ userId }) => userId === again.userId)).toEqual({ ...again, enteredAt: 6 });
    const { userId, accountKey } = again;
    expect(effects).toEqual([
      { type: "identity_replaced", userId, role: "admin", previousAccountKey: named("mona").accountKey, accountKey },
    ]);
  });

  test("an `add` is done whole or not at all", () => {
    const both = [named("zoe"), named("mona")].sort((a, b) => (a.userId < b.userId ? -1 : 1));
    expect(outcomeOf(groupOf(), "olga", add(...both))).toBe("already_member");
  });

  test("people are removed together, and somebody who is not there stops it", () => {
    const { group, effects } = done(groupOf(), "olga", remove("mark", "anna"));
    expect(Object.keys(roles(group))).toEqual(["olga", "oscar", "adam", "mona"]);
    expect(effects.map((effect) => effect.type)).toEqual(["removed", "removed"]);
    expect(outcomeOf(groupOf(), "olga", remove("mark", "zoe"))).toBe("not_a_member");
    expect(outcomeOf(groupOf(), "olga", makeRole("zoe", "admin"))).toBe("not_a_member");
  });

  test("only what differs is an effect of new settings", () => {
    const { group, effects } = done(groupOf(), "olga", set({ posting: "everyone", approval: true, inviteKey: INVITE_KEY }));
    expect(effects).toEqual([
      { type: "setting_changed", setting: "approval", before: false, after: true },
      { type: "setting_changed", setting: "inviteKey", before: null, after: INVITE_KEY },
    ]);
    expect(group.settings).toEqual({ ...OPEN, approval: true, inviteKey: INVITE_KEY });
    expect(outcomeOf(group, "olga", set({ approval: true, inviteKey: INVITE_KEY.slice() }))).toBe("nothing_changes");
    expect(outcomeOf(group, "olga", set({ inviteKey: null }))).toBe("done");
  });

  test("an action that leaves everything as it is is none", () => {
    expect(outcomeOf(groupOf(), "olga", makeRole("mark", "member"))).toBe("nothing_changes");
    const { accountKey, manifestHash } = named("mark");
    expect(outcomeOf(groupOf(), "mark", { type: "rekey", accountKey, manifestHash })).toBe("nothing_changes");
  });

  test("a group has at most 1,024 members", () => {
    const full = groupOf(["olga", ...Array.from({ length: MAX_GROUP_MEMBERS - 2 }, (_, i) => `member ${i}`)]);
    const two = [named("zoe"), named("yann")].sort((a, b) => (a.userId < b.userId ? -1 : 1));
    expect(outcomeOf(full, "olga", add(...two))).toBe("group_full");
    const { group } = done(full, "olga", add(named("zoe")));
    expect(group.members).toHaveLength(MAX_GROUP_MEMBERS);
    expect(outcomeOf(group, "yann", join("yann"))).toBe("group_full");
    expect(outcomeOf(group, "olga", add(named("yann")))).toBe("group_full");
    expect(outcomeOf(group, "olga", add(named("zoe", "member", "new key")))).toBe("done");
  });
});

describe("owners", () => {
  test("the last one names another before leaving or stepping down", () => {
    const group = groupOf(["olga", "adam", "mark"]);
    expect(outcomeOf(group, "olga", leave())).toBe("last_owner");
    expect(outcomeOf(group, "olga", makeRole("olga", "admin"))).toBe("last_owner");
    const two = done(group, "olga", makeRole("mark", "owner")).group;
    expect(roles(done(two, "olga", leave()).group)).toEqual({ adam: "admin", mark: "owner" });
    expect(roles(done(two, "olga", makeRole("olga", "admin")).group)).toEqual({ olga: "admin", adam: "admin", mark: "owner" });
  });

  test("whoever is alone may leave, and the group has ended", () => {
    const { group } = done(groupOf(["olga"]), "olga", leave());
    expect(group.members).toEqual([]);
    expect(outcomeOf(group, "zoe", join("zoe"))).toBe("nobody_there");
  });

  test("last_owner_deleted: the earliest admin follows, else the earliest member, among those who came together the lower id", () => {
    const deleted = (group: Group) => done(group, "olga", leave(true));
    const withAdmins = deleted(groupOf(["olga", "mark", "anna", "adam"]));
    expect(roles(withAdmins.group)).toEqual({ mark: "member", anna: "owner", adam: "admin" });
    expect(withAdmins.effects).toEqual([
      { type: "left", userId: fixedUserId("olga"), deletesAccount: true },
      { type: "owner_succeeded", userId: fixedUserId("anna"), from: "admin" },
    ]);
    expect(roles(deleted(groupOf(["olga", "mona", "mark"])).group)).toEqual({ mona: "owner", mark: "member" });
    const apart = groupOf(["olga", "mona", "mark"]);
    const together = { ...apart, members: apart.members.map((member) => ({ ...member, enteredAt: 1 })) };
    const lower = fixedUserId("mona") < fixedUserId("mark") ? "mona" : "mark";
    expect(roles(deleted(together).group)[lower]).toBe("owner");
    expect(roles(deleted(groupOf(["olga", "oscar", "adam"])).group)).toEqual({ oscar: "owner", adam: "admin" });
  });
});

describe("joining by link", () => {
  test("is for people who are not there, have not been removed, and need nobody's approval", () => {
    expect(outcomeOf(groupOf(), "mark", join("mark"))).toBe("already_member");
    expect(outcomeOf(groupOf(NAMES, { approval: true }), "zoe", join("zoe"))).toBe("approval_needed");
    const { group, effects } = done(groupOf(), "zoe", join("zoe"));
    expect(group.members.find(({ userId }) => userId === fixedUserId("zoe"))).toEqual({ ...named("zoe"), enteredAt: INDEX });
    expect(effects).toEqual([
      { type: "entered", userId: fixedUserId("zoe"), role: "member", accountKey: named("zoe").accountKey, by: "join" },
    ]);
  });

  test("stays shut for somebody who was removed until somebody adds them, and open for somebody who left", () => {
    const without = done(groupOf(), "olga", remove("mark")).group;
    expect(outcomeOf(without, "mark", join("mark"))).toBe("barred");
    const back = done(without, "adam", add(named("mark"))).group;
    expect(outcomeOf(done(back, "mark", leave()).group, "mark", join("mark"))).toBe("done");
  });

  test("remembers the last 1,024 who were removed", () => {
    const barred = Array.from({ length: MAX_BARRED_PER_GROUP }, (_, i) => fixedUserId(`removed ${i}`));
    const { group } = done({ ...groupOf(), barred }, "olga", remove("mark"));
    expect(group.barred).toEqual([...barred.slice(1), fixedUserId("mark")]);
  });
});
