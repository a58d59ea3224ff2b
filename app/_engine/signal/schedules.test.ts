/** Random schedules of loss, repetition, reordering, simultaneous starts, resets, restored stores and prekeys that run out: every message
 *  that is delivered opens exactly once or is refused for the reason that the model tells, no key encrypts twice, and in the end all who
 *  talked talk in one session. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { testRuns } from "@/server/testing/test-runs";
import type { Session } from "./session-state";
import { type Device, receive, start, trySend } from "./testing/device";
import { encryptions, textOf } from "./testing/remembered-primitives";
import { archive, backUp, claim, forget, joinMembers, type Member, putBack, restart, restore } from "./testing/schedule-members";
import { currentIn, type Message, noteReceived, noteSent, noteStarted, type PrekeyName } from "./testing/session-model";

vi.mock("./primitives", async (importOriginal) => {
  const { remember } = await import("./testing/remembered-primitives");
  return remember(await importOriginal<typeof import("./primitives")>());
});

type Sent = Message & { readonly from: Member; readonly to: Member; readonly bytes: Uint8Array };

function currentOf(from: Member, to: Member): Session {
  const current = from.device.store.records.get(to.name)?.current;
  if (!current) throw new Error("no current session");
  return current;
}

function haveOneSession(a: Member, b: Member): boolean {
  const [ours, theirs] = [a.device.store.records.get(b.name)?.current, b.device.store.records.get(a.name)?.current];
  return !!ours && !!theirs && textOf(ours.baseKey) === textOf(theirs.baseKey);
}

/** What a message that was just made says to everybody who sees it. */
function describeMessage({ baseKey, sending, remoteRatchetKey, unacknowledged }: Session, text: string): Message {
  if (sending === null) throw new Error("nothing was sent");
  const names = { session: textOf(baseKey), chain: textOf(sending.ratchet.publicKey), answers: textOf(remoteRatchetKey) };
  return { ...names, text, counter: sending.nextCounter - 1, prekeys: unacknowledged && prekeysIn(unacknowledged.header) };
}

function prekeysIn({ signedPrekeyId, oneTimePrekeyId, kem }: NonNullable<Session["unacknowledged"]>["header"]): PrekeyName[] {
  const names: PrekeyName[] = [`signed ${signedPrekeyId}`];
  if (oneTimePrekeyId !== null) names.push(`oneTime ${oneTimePrekeyId}`);
  // Last-resort keys have the last ids of their generation.
  if (kem !== null) names.push(`${kem.keyId % 1_000 < 30 ? "kemOneTime" : "kemLastResort"} ${kem.keyId}`);
  return names;
}

const prekeysLeft = ({ signed, oneTime, kem }: Device["store"]) => signed.size + oneTime.size + kem.size;

/** `expect(actual).toBe(expected)`, which would take a fifth of the time. */
function same(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) expect(actual).toBe(expected);
}

/** Devices and the network between them. Each step of a real session is compared with the model's. */
function createWorld(count: number) {
  const members = joinMembers(count);
  const onTheWay: Sent[] = [];
  const delivered: Sent[] = [];
  const pairs = new Map<string, [Member, Member]>();
  const drawn = new Map<string, number>();
  let said = 0;
  encryptions.length = 0;

  /** Random bytes of one purpose between two devices: those of other schedules, so that their keys are known, and none twice in one. */
  function drawing({ name, device }: Member, to: Member, purpose: "base" | "ratchet"): Device {
    const stream = `${name} ${to.name} ${purpose}`;
    const random = (lengthBytes: number) => {
      const nth = drawn.get(stream) ?? 0;
      drawn.set(stream, nth + 1);
      return sha256(utf8ToBytes(`${stream} ${nth}`)).subarray(0, lengthBytes);
    };
    return { ...device, random };
  }

  function startAnew(from: Member, to: Member, bundle = claim(to)): void {
    same(start(drawing(from, to, "base"), to.device, bundle).ok, true);
    noteStarted(from.memory, to.name, textOf(currentOf(from, to).baseKey));
  }

  function say(from: Member, to: Member): Sent {
    const text = `message ${said++}`;
    const first = trySend(drawing(from, to, "ratchet"), to.device, text);
    same(first.ok, currentIn(from.memory, to.name) !== null);
    if (!first.ok) startAnew(from, to);
    const encrypted = first.ok ? first : trySend(drawing(from, to, "ratchet"), to.device, text);
    if (!encrypted.ok) throw new Error(encrypted.reason);
    const sent = { ...describeMessage(currentOf(from, to), text), from, to, bytes: encrypted.message };
    same(noteSent(from.memory, to.name, sent), null);
    const pair = [from, to].sort((a, b) => a.name.localeCompare(b.name)) as [Member, Member];
    pairs.set(pair.map(({ name }) => name).join(), pair);
    onTheWay.push(sent);
    return sent;
  }

  /** Whether it opened. */
  function deliver(sent: Sent): boolean {
    const { from, to, text } = sent;
    const { store } = to.device;
    const record = store.records.get(from.name);
    const wasOpened = to.memory.opened.has(text);
    const expected = noteReceived(to.memory, from.name, sent);
    same(receive(to.device, from.device, sent.bytes), expected);
    if (expected !== text) same(store.records.get(from.name), record);
    else same(wasOpened, false);
    same(prekeysLeft(store), to.memory.prekeys.size);
    same(store.digests.size, to.memory.accepted.size);
    return expected === text;
  }

  /** Says something that arrives at once. */
  function speak(from: Member, to: Member): boolean {
    const sent = say(from, to);
    delivered.push(...onTheWay.splice(onTheWay.indexOf(sent), 1));
    return deliver(sent);
  }

  function transport(kind: "deliver" | "repeat" | "lose", pick: number): void {
    const list = kind === "repeat" ? delivered : onTheWay;
    const sent = list[pick % Math.max(1, list.length)];
    if (sent === undefined) return;
    if (kind !== "repeat") onTheWay.splice(onTheWay.indexOf(sent), 1);
    if (kind === "deliver") delivered.push(sent);
    if (kind !== "lose") deliver(sent);
  }

  /** Everything that is left arrives, newest first. Then all who talked talk again, and who can't read starts a new session. */
  function settle(): void {
    for (const sent of onTheWay.splice(0).reverse()) deliver(sent);
    for (const [a, b] of pairs.values()) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        if (speak(from, to)) continue;
        startAnew(to, from);
        same(speak(to, from), true);
      }
      if (!haveOneSession(a, b)) same(speak(a, b) && speak(b, a), true);
      same(haveOneSession(a, b), true);
    }
    same(new Set(encryptions).size, encryptions.length);
  }

  return { members, startAnew, say, speak, transport, settle };
}

type World = ReturnType<typeof createWorld>;

type Act = (world: World, from: Member, to: Member, pick: number) => void;

/** What happens, and how often. */
const ACTS: Record<string, { weight: number; act: Act }> = {
  say: { weight: 10, act: ({ say }, from, to) => say(from, to) },
  /** One message each way, at once: the ratchet turns, and what is on the way gets older. */
  turn: { weight: 8, act: ({ speak }, from, to) => [speak(from, to), speak(to, from)] },
  deliver: { weight: 10, act: ({ transport }, _from, _to, pick) => transport("deliver", pick) },
  repeat: { weight: 4, act: ({ transport }, _from, _to, pick) => transport("repeat", pick) },
  lose: { weight: 2, act: ({ transport }, _from, _to, pick) => transport("lose", pick) },
  /** A new session although there may be one. */
  start: { weight: 2, act: ({ startAnew, say }, from, to) => [startAnew(from, to), say(from, to)] },
  /** The server hands out one-time keys that it has handed out before. */
  startWithClaimed: {
    weight: 1,
    act: ({ startAnew, say }, from, to) => [startAnew(from, to, to.lastClaimed ?? undefined), say(from, to)],
  },
  archive: { weight: 1, act: (_, from, to) => archive(from, to.name) },
  forget: { weight: 1, act: (_, from, to) => forget(from, to.name) },
  restart: { weight: 1, act: (_, from) => restart(from) },
  backUp: { weight: 2, act: (_, from) => backUp(from) },
  restore: { weight: 2, act: (_, from) => restore(from) },
};
type Step = { kind: string; from: number; to: number; pick: number };

function perform(world: World, { kind, from: fromPick, to: toPick, pick }: Step): void {
  const { members } = world;
  const from = members[fromPick % members.length] as Member;
  const others = members.filter((member) => member !== from);
  ACTS[kind]?.act(world, from, others[toPick % others.length] as Member, pick);
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...Object.entries(ACTS).map(([kind, { weight }]) => ({ weight, arbitrary: fc.constant(kind) }))),
  from: fc.nat({ max: 3 }),
  to: fc.nat({ max: 3 }),
  pick: fc.nat({ max: 50 }),
});

it("opens every delivered message exactly once, or says why not, in any schedule", { timeout: 240_000 * Math.ceil(testRuns()) }, () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 2, 3, 4), fc.array(step, { minLength: 5, maxLength: 24, size: "max" }), (count, steps) => {
      const world = createWorld(count);
      for (const each of steps) perform(world, each);
      world.settle();
    }),
    { numRuns: 2_000 * testRuns() },
  );
});

it("shows a key that is used twice: by a device whose store was put back, and which does nothing about it", () => {
  const { members, say, speak } = createWorld(2);
  const [alice, bob] = members as [Member, Member];
  speak(alice, bob);
  speak(bob, alice);
  speak(alice, bob);
  backUp(alice);
  say(alice, bob);
  putBack(alice);
  say(alice, bob);
  expect(encryptions.length - new Set(encryptions).size).toBe(1);
});
