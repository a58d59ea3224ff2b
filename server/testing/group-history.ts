/** Random histories of a group, for tests: what people and a lying server do, and a small model of the group that knows no chain, by rules
 *  written down a second time. */
import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { expect } from "vitest";
import { toBase64 } from "../contract/encodings";
import type { StatementEntry } from "../contract/statements/audience";
import type { LaterAction, Role } from "../contract/statements/control";
import { inviteSecretKey } from "../contract/statements/join-link";
import type { ParsedManifest } from "../contract/statements/manifest";
import { accountSecret, fixedUserId } from "../contract/statements/test-account";
import {
  createLog,
  firstManifestOf,
  INVITE_KEY,
  type Log,
  newDeviceOf,
  newKeyOf,
  OPEN,
  person,
  rolesOf,
  SEED,
} from "../contract/statements/test-group";

export const NAMES = ["alice", "bob", "carol", "dave", "erin"];
const ROLES: Role[] = ["member", "admin", "owner"];
const MAX_RANK = 2;

export type Step = { act: Act; actor: number; target: number; pick: number };
type Act = (typeof HONEST)[number] | (typeof HOSTILE)[number];
/** Often what changes much. */
export const HONEST = [
  ...(["add", "add", "add", "remove", "remove", "leave", "delete", "role", "role", "role", "link", "approval", "join", "join"] as const),
  ...(["rotate", "rotate", "rekey", "rekey", "rekey", "reset", "device"] as const),
];
export const HOSTILE = ["forge", "replay", "fork", "ghost", "junk", "old manifest", "stolen key", "uninvited"] as const;

export const stepOf = (acts: readonly Act[]): fc.Arbitrary<Step> =>
  fc.record({
    act: fc.constantFrom(...acts),
    actor: fc.nat({ max: NAMES.length - 1 }),
    target: fc.nat({ max: NAMES.length - 1 }),
    pick: fc.nat({ max: 1_000 }),
  });

/** What the test itself believes of the group: nothing but a map of people, by rules written down a second time. */
type Known = { rank: number; generation: number; since: number };
type Model = { members: Map<string, Known>; barred: Set<string>; link: boolean; approval: boolean };

/** Each person's manifests, and whether the recovery key confirmed each generation. */
type Accounts = Map<string, { manifests: ParsedManifest[]; confirmed: boolean[] }>;
export type World = { log: Log; model: Model; accounts: Accounts; refused: Set<number> };

/** Manifests are the same in every history that has the same past: made once. */
const made = new Map<string, ParsedManifest>();
function publish(name: string, { manifests }: { manifests: ParsedManifest[] }, kind: "rotate" | "reset" | "device"): ParsedManifest {
  const before = manifests.at(-1) as ParsedManifest;
  const key = `${bytesToHex(before.hash)} ${kind}`;
  const parsed = made.get(key) ?? (kind === "device" ? newDeviceOf(name, before) : newKeyOf(name, before, kind === "rotate"));
  made.set(key, parsed);
  return parsed;
}

function begin(): World {
  const log = createLog([person("alice", "owner"), person("bob", "admin"), person("carol")], { ...OPEN, inviteKey: INVITE_KEY });
  const accounts: Accounts = new Map(NAMES.map((name) => [name, { manifests: [firstManifestOf(name)], confirmed: [true, true] }]));
  for (const { manifests } of accounts.values()) for (const one of manifests) log.manifests.set(toBase64(one.hash), one);
  for (const name of ["alice", "bob", "carol"]) log.name(newestOf(accounts, name));
  const rank = (name: string, value: number) => [name, { rank: value, generation: 1, since: 0 }] as const;
  const members = new Map([rank("alice", 2), rank("bob", 1), rank("carol", 0)]);
  return { log, model: { members, barred: new Set(), link: true, approval: false }, accounts, refused: new Set() };
}

export const newestOf = (accounts: Accounts, name: string) => accounts.get(name)?.manifests.at(-1) as ParsedManifest;
export const generationOf = (world: World, name: string) => newestOf(world.accounts, name).manifest.generation;

/** What somebody might make up in such a place; null when there is no occasion. */
export type Forger = (world: World, step: Step, actor: string) => Omit<StatementEntry, "seq"> | null;

/** One thing that a person does with an honest client or another one, allowed or not; or that the server makes up. */
function take(world: World, step: Step, forge: Forger): void {
  const [actor, target] = [actorOf(world, step), NAMES[step.target] as string];
  if (step.act === "rotate" || step.act === "reset" || step.act === "device") {
    changeAccount(world, actor, step.act);
  } else if ((HOSTILE as readonly string[]).includes(step.act)) {
    const forged = forge(world, step, actor);
    if (forged) cheat(world, step, forged);
  } else act(world, step, actor, target);
}

/** An entry that no honest server would store: it has no effect on members, roles, keys or settings. */
function cheat({ log, refused }: World, step: Step, { kind, statement }: Omit<StatementEntry, "seq">): void {
  const before = log.chain();
  expect([step.act, log.write(kind, statement).ok]).toEqual([step.act, false]);
  refused.add(log.entries.length);
  expect(log.chain()).toBe(before);
}

/** An action signed by the actor's present key, allowed or not. */
function act(world: World, step: Step, actor: string, target: string): void {
  const action = actionOf(world, step, actor, target);
  const expected = predict(world, step, actor, target);
  const keys = { accountSecretKey: accountSecret(actor, generationOf(world, actor)) };
  const applied = world.log.force(actor, action, { ...keys, ...(step.act === "join" && { inviteSecretKey: inviteSecretKey(SEED) }) });
  expect([step.act, actor, target, applied.ok]).toEqual([step.act, actor, target, expected]);
  if (!applied.ok) world.refused.add(world.log.entries.length);
  for (const effect of applied.ok ? applied.effects : []) {
    const name = effect.type === "entered" && NAMES.find((one) => fixedUserId(one) === effect.userId);
    // The server names a manifest for each person who enters, right behind the entry.
    if (name) expect(world.log.name(newestOf(world.accounts, name)).ok).toBe(true);
  }
}

/** Mostly a member, and for a `rekey` one who has reason to; sometimes anybody. */
function actorOf({ model, accounts }: World, { act, actor, pick }: Step): string {
  const known = [...model.members];
  const stale = known.filter(([name, { generation }]) => generation !== newestOf(accounts, name).manifest.generation);
  const likely = act === "rekey" && stale.length > 0 ? stale : known;
  const isAnybody = act === "join" || likely.length === 0 || pick % 7 === 0;
  return isAnybody ? (NAMES[actor] as string) : (likely[actor % likely.length]?.[0] as string);
}

function actionOf({ accounts, log }: World, { act, pick }: Step, actor: string, target: string): LaterAction {
  const { role, ...key } = person(actor, "member", newestOf(accounts, actor));
  switch (act) {
    case "add":
      return { type: "add", members: [person(target, ROLES[pick % 3] as Role, newestOf(accounts, target))] };
    case "remove":
      return { type: "remove", userIds: [fixedUserId(target)] };
    case "leave":
    case "delete":
      return { type: "leave", deletesAccount: act === "delete" };
    case "role":
      return { type: "change-role", userId: fixedUserId(target), role: ROLES[pick % 3] as Role };
    case "link":
      return { type: "change-settings", changes: { inviteKey: log.chain().settings.inviteKey ? null : INVITE_KEY } };
    case "approval":
      return { type: "change-settings", changes: { approval: !log.chain().settings.approval } };
    default:
      return { type: act === "rekey" ? "rekey" : "join", accountKey: key.accountKey, manifestHash: key.manifestHash };
  }
}

/** Whether the model lets the actor do it; and the model after it. */
function predict(world: World, { act, pick }: Step, actor: string, target: string): boolean {
  const { members, barred } = world.model;
  if (act === "join") return predictJoin(world, actor);
  const me = members.get(actor);
  if (!me || (act !== "rekey" && me.generation !== generationOf(world, actor))) return false;
  const other = members.get(target);
  const owners = [...members.values()].filter(({ rank }) => rank === MAX_RANK).length;
  const isAlone = me.rank === MAX_RANK && owners === 1;
  const above = (known: Known) => me !== known && (me.rank === MAX_RANK || me.rank > known.rank);
  const gives = pick % 3 < MAX_RANK ? me.rank > 0 : me.rank === MAX_RANK;
  switch (act) {
    case "add": {
      const generation = generationOf(world, target);
      if (!gives || (other && (other.generation === generation || !above(other)))) return false;
      members.set(target, { rank: pick % 3, generation, since: other?.since ?? world.log.place().index });
      barred.delete(target);
      break;
    }
    case "remove":
      if (!other || !above(other)) return false;
      members.delete(target);
      barred.add(target);
      break;
    case "leave":
    case "delete":
      if (act === "leave" && isAlone && members.size > 1) return false;
      members.delete(actor);
      break;
    case "role": {
      if (!other || other.rank === pick % 3) return false;
      const down = other === me && pick % 3 < me.rank;
      if (down ? isAlone : !above(other) || !gives) return false;
      other.rank = pick % 3;
      break;
    }
    case "link":
    case "approval":
      if (me.rank === 0) return false;
      world.model[act] = !world.model[act];
      break;
    default:
      return predictRekey(world, actor, me);
  }
  inherit(members);
  return true;
}

function predictJoin({ model, log, accounts }: World, actor: string): boolean {
  const { members, barred, link, approval } = model;
  if (members.has(actor) || members.size === 0 || barred.has(actor) || !link || approval) return false;
  members.set(actor, { rank: 0, generation: newestOf(accounts, actor).manifest.generation, since: log.place().index });
  return true;
}

/** The log has named every manifest of a member: what decides is whether each new key since was confirmed. */
function predictRekey({ accounts }: World, actor: string, me: Known): boolean {
  const { manifests, confirmed } = accounts.get(actor) as { manifests: ParsedManifest[]; confirmed: boolean[] };
  const generation = (manifests.at(-1) as ParsedManifest).manifest.generation;
  if (generation === me.generation || !confirmed.slice(me.generation + 1, generation + 1).every(Boolean)) return false;
  me.generation = generation;
  return true;
}

/** Never two at once lead a group that nobody owns. */
function inherit(members: Map<string, Known>): void {
  const all = [...members]
    .sort(([a, x], [b, y]) => x.since - y.since || (fixedUserId(a) < fixedUserId(b) ? -1 : 1))
    .map(([, known]) => known);
  if (all.some(({ rank }) => rank === MAX_RANK)) return;
  const heir = all.find(({ rank }) => rank === 1) ?? all[0];
  if (heir) heir.rank = MAX_RANK;
}

function changeAccount({ log, model, accounts }: World, name: string, kind: "rotate" | "reset" | "device"): void {
  const account = accounts.get(name) as { manifests: ParsedManifest[]; confirmed: boolean[] };
  if (kind === "device" && account.manifests.length > 5) return;
  const parsed = publish(name, account, kind);
  account.manifests.push(parsed);
  if (kind !== "device") account.confirmed.push(kind === "rotate");
  log.manifests.set(toBase64(parsed.hash), parsed);
  if (model.members.has(name)) expect(log.name(parsed).ok).toBe(true);
}

/** Plays a history, holding it against the model after every step. */
export function play(steps: Step[], forge: Forger = () => null): World {
  const world = begin();
  for (const step of steps) {
    take(world, step, forge);
    const expected = [...world.model.members].map(([name, { rank }]) => [name, ROLES[rank]]);
    expect(rolesOf(world.log, NAMES)).toEqual(Object.fromEntries(expected));
  }
  return world;
}
