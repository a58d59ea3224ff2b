/** Random schedules of loss, repetition, reordering, simultaneous starts and resets: every message that is delivered opens exactly once,
 *  or is refused for the right reason, and in the end both sides talk in one session. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeSessionRecord, encodeSessionRecord } from "./record-codec";
import { MAX_ARCHIVED_SESSIONS, MAX_RECEIVING_CHAINS } from "./session-state";
import { createDevice, type Device, receive, send, start } from "./testing/device";

type Sent = { text: string; from: Device; to: Device; bytes: Uint8Array; session: string; chain: number };
type Operation = { kind: "send" | "turn" | "deliver" | "repeat" | "lose" | "reset"; side: 0 | 1; pick: number };

// Made once: key generation would take most of the time. Without one-time keys nothing in them is used up.
const sides = [
  createDevice({ name: "alice", oneTime: 0, kemOneTime: 0 }),
  createDevice({ name: "bob", oneTime: 0, kemOneTime: 0 }),
] as const;
const MAX_SESSIONS = 1 + MAX_ARCHIVED_SESSIONS;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Two devices, what is on the way between them, and a model of what each must still be able to open. */
function createConversation() {
  for (const { store } of sides) {
    store.records.clear();
    store.digests.clear();
  }
  const onTheWay: Sent[] = [];
  const delivered: Sent[] = [];
  const opened = new Set<string>();
  const sessions = new Set<string>();
  /** Ratchet keys that each sender used in each session, in order; and how many of them the receiver has seen. */
  const chains = new Map<string, string[]>();
  const newestOpened = new Map<string, number>();
  let count = 0;

  function say(side: 0 | 1): void {
    const [from, to] = side === 0 ? sides : [sides[1], sides[0]];
    const text = `message ${count++}`;
    const bytes = send(from, to, text);
    persist(from, to);
    const current = from.store.records.get(to.name)?.current;
    if (!current?.sending) throw new Error("nothing was sent");
    const session = hex(current.baseKey);
    sessions.add(session);
    const keys = chains.get(`${session} ${from.name}`) ?? [];
    const ratchetKey = hex(current.sending.ratchet.publicKey);
    if (!keys.includes(ratchetKey)) chains.set(`${session} ${from.name}`, [...keys, ratchetKey]);
    onTheWay.push({ text, from, to, bytes, session, chain: keys.includes(ratchetKey) ? keys.indexOf(ratchetKey) : keys.length });
  }

  function deliver(sent: Sent): void {
    const key = `${sent.session} ${sent.from.name}`;
    const newest = newestOpened.get(key) ?? sent.chain;
    const isForgotten = newest - sent.chain >= MAX_RECEIVING_CHAINS;
    const expected = isForgotten ? "<bad_mac>" : opened.has(sent.text) ? "<duplicate>" : sent.text;
    const before = snapshot(sent.to, sent.from);
    expect(receive(sent.to, sent.from, sent.bytes)).toBe(expected);
    if (expected !== sent.text) {
      expect(snapshot(sent.to, sent.from)).toBe(before);
      return;
    }
    persist(sent.to, sent.from);
    opened.add(sent.text);
    newestOpened.set(key, Math.max(newest, sent.chain));
  }

  function perform({ kind, side, pick }: Operation): void {
    if (kind === "send") say(side);
    else if (kind === "turn") exchange([side]);
    else if (kind === "reset") reset(side);
    else transport(kind, pick);
  }

  function reset(side: 0 | 1): void {
    const [from, to] = side === 0 ? sides : [sides[1], sides[0]];
    // Each side may still start one session by its first message.
    if (sessions.size + 2 < MAX_SESSIONS && start(from, to).ok) say(side);
  }

  function transport(kind: "deliver" | "repeat" | "lose", pick: number): void {
    const list = kind === "repeat" ? delivered : onTheWay;
    const sent = list[pick % Math.max(1, list.length)];
    if (sent === undefined) return;
    if (kind !== "repeat") onTheWay.splice(onTheWay.indexOf(sent), 1);
    if (kind === "deliver") delivered.push(sent);
    if (kind !== "lose") deliver(sent);
  }

  /** Messages that arrive at once: the ratchet turns, and what is still on the way gets older. */
  function exchange(order: (0 | 1)[]): void {
    for (const side of order) {
      say(side);
      const sent = onTheWay.pop() as Sent;
      deliver(sent);
      delivered.push(sent);
    }
  }

  function settle(): void {
    for (const sent of onTheWay.splice(0).reverse()) deliver(sent);
    exchange([0, 1, 0]);
    const [alice, bob] = sides;
    expect(alice.store.records.get(bob.name)?.current?.baseKey).toEqual(bob.store.records.get(alice.name)?.current?.baseKey);
  }

  return { perform, settle };
}

function snapshot(device: Device, peer: Device): string {
  const record = device.store.records.get(peer.name);
  return record ? hex(encodeSessionRecord(record)) : "";
}

/** What is stored is what was serialised. */
function persist(device: Device, peer: Device): void {
  const record = device.store.records.get(peer.name);
  const read = record && decodeSessionRecord(encodeSessionRecord(record));
  if (!read) throw new Error("a record does not come back");
  device.store.records.set(peer.name, read);
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant("send" as const) },
    { weight: 8, arbitrary: fc.constant("turn" as const) },
    { weight: 5, arbitrary: fc.constant("deliver" as const) },
    { weight: 2, arbitrary: fc.constant("repeat" as const) },
    { weight: 2, arbitrary: fc.constant("lose" as const) },
    { weight: 1, arbitrary: fc.constant("reset" as const) },
  ),
  side: fc.constantFrom(0, 1),
  pick: fc.nat({ max: 50 }),
});

it("opens every delivered message exactly once, or says why not, in any schedule", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 5, maxLength: 28, size: "max" }), (operations) => {
      const { perform, settle } = createConversation();
      for (const each of operations) perform(each);
      settle();
    }),
    { numRuns: 200 },
  );
});
