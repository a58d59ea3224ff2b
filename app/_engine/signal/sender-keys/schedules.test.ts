/** Random schedules of one sender and three receivers with loss, repetition, reordering, new keys, late joining, repairs and restored
 *  stores: every message that is delivered opens exactly once, or is refused for the right reason, and no message key is used twice. */
import fc from "fast-check";
import { afterAll, expect, it, vi } from "vitest";
import { testRuns } from "@/server/testing/test-runs";
import * as primitives from "../primitives";
import { NOW_MS } from "../testing/device";
import { createGroupMember } from "../testing/group-member";
import { parleySenderKeys } from "./format";
import { dropOwnSenderKeys } from "./own";
import { MAX_SENDER_KEYS } from "./state";
import type { SenderKeySuite } from "./suite";

type Kind = "send" | "lose" | "skip" | "rotate" | "grant" | "repair" | "restore" | "deliver" | "repeat";
type Operation = { kind: Kind; receiver: number; pick: number };
/** On the way to one receiver. */
type Parcel = { keyId: number; step: number; bytes: Uint8Array; text: string | null };
/** What the model knows of a key at a receiver. */
type Held = { earliest: number; opened: Set<number> };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Cipher keys and IVs of all encryptions. The encryption is the real one. */
const used: string[] = [];
const { encryptCbc } = primitives;
const observer = vi.spyOn(primitives, "encryptCbc").mockImplementation((key, iv, plaintext) => {
  used.push(hex(key) + hex(iv));
  return encryptCbc(key, iv, plaintext);
});
afterAll(() => observer.mockRestore());

/** The product's suite, which verifies each signature once: three receivers get the same bytes. */
function createRememberingSuite(): SenderKeySuite {
  const verdicts = new Map<string, boolean>();
  return {
    ...parleySenderKeys,
    verifySignature(signingKey, message, signature) {
      const question = hex(signingKey) + hex(signature) + hex(message);
      const verdict = verdicts.get(question) ?? parleySenderKeys.verifySignature(signingKey, message, signature);
      verdicts.set(question, verdict);
      return verdict;
    },
  };
}

/** A receiver, what is on the way to it, and a model of what it must be able to open. */
function createReceiver(name: string, suite: SenderKeySuite, sender: ReturnType<typeof createGroupMember>) {
  const member = createGroupMember({ name, suite });
  const onTheWay: Parcel[] = [];
  const delivered: Parcel[] = [];
  const held = new Map<number, Held>();

  const isForgotten = (keyId: number) => held.size === MAX_SENDER_KEYS && keyId < Math.min(...held.keys());

  function expectMessage({ keyId, step, text }: Parcel): string {
    const key = held.get(keyId);
    if (key === undefined) return isForgotten(keyId) ? "<forgotten_key>" : "<unknown_key>";
    if (step < key.earliest) return "<step_not_held>";
    if (key.opened.has(step)) return "<duplicate>";
    key.opened.add(step);
    return text as string;
  }

  function expectDistribution({ keyId, step }: Parcel): string {
    const key = held.get(keyId);
    if (key === undefined && isForgotten(keyId)) return "<forgotten_key>";
    if (key !== undefined) key.earliest = Math.min(key.earliest, step);
    else held.set(keyId, { earliest: step, opened: new Set() });
    if (held.size > MAX_SENDER_KEYS) held.delete(Math.min(...held.keys()));
    return "ok";
  }

  function deliver(parcel: Parcel): void {
    if (parcel.text === null) expect(member.take(sender, parcel.bytes)).toBe(expectDistribution(parcel));
    else expect(member.read(sender, parcel.bytes)).toBe(expectMessage(parcel));
  }

  return {
    onTheWay,
    deliver(pick: number) {
      const [parcel] = onTheWay.splice(pick % Math.max(1, onTheWay.length), 1);
      if (parcel === undefined) return;
      delivered.push(parcel);
      deliver(parcel);
    },
    repeat(pick: number) {
      const parcel = delivered[pick % Math.max(1, delivered.length)];
      if (parcel !== undefined) deliver(parcel);
    },
  };
}

function createGroup() {
  const suite = createRememberingSuite();
  const sender = createGroupMember({ name: "alice", suite });
  const receivers = ["bob", "carol", "dave"].map((name) => createReceiver(name, suite, sender));
  let nowMs = NOW_MS;
  let count = 0;
  const backups = [sender.rotate(nowMs)];

  const current = () => {
    const { current: key } = sender.own();
    if (key === null) throw new Error("no key");
    return { keyId: key.keyId, step: key.next.iteration };
  };
  const grant = (receiver: number) => receivers[receiver]?.onTheWay.push({ ...current(), bytes: sender.distribution(), text: null });

  /** Any step of any key that may still be handed out. */
  function repair(receiver: number, pick: number): void {
    const { retired } = sender.own();
    const keys = [{ keyId: current().keyId, last: current().step }, ...retired.map(({ keyId, end }) => ({ keyId, last: end - 1 }))];
    const { keyId, last } = keys[pick % keys.length] as (typeof keys)[number];
    const step = pick % (last + 1);
    receivers[receiver]?.onTheWay.push({ keyId, step, bytes: sender.distribution({ keyId, iteration: step }), text: null });
  }

  /** The store of an earlier time comes back: its keys are dropped, because they were perhaps used. */
  function restore(pick: number): void {
    sender.storeOwn(dropOwnSenderKeys(backups[pick % backups.length] as (typeof backups)[number]));
    sender.rotate(nowMs);
  }

  const perform: Record<Kind, (operation: Operation) => void> = {
    send() {
      const text = `message ${count++}`;
      const parcel: Parcel = { ...current(), text, bytes: sender.send(text) };
      for (const { onTheWay } of receivers) onTheWay.push(parcel);
      backups.push(sender.own());
    },
    lose: ({ receiver, pick }) => receivers[receiver]?.onTheWay.splice(pick % 20, 1),
    skip: ({ pick }) => sender.skip(pick % 4),
    rotate: () => sender.rotate(nowMs),
    grant: ({ receiver }) => grant(receiver),
    repair: ({ receiver, pick }) => repair(receiver, pick),
    restore: ({ pick }) => restore(pick),
    deliver: ({ receiver, pick }) => receivers[receiver]?.deliver(pick),
    repeat: ({ receiver, pick }) => receivers[receiver]?.repeat(pick),
  };

  return {
    perform(operation: Operation) {
      nowMs += 2_000;
      perform[operation.kind](operation);
    },
    /** In the end all that is on the way arrives, last first; and whoever has the key reads on. */
    settle() {
      for (const [i, { onTheWay, deliver }] of receivers.entries()) {
        while (onTheWay.length > 0) deliver(onTheWay.length - 1);
        grant(i);
        deliver(0);
      }
      perform.send({ kind: "send", receiver: 0, pick: 0 });
      for (const { deliver } of receivers) deliver(0);
    },
  };
}

const weights: Record<Kind, number> = { send: 8, deliver: 14, repeat: 3, lose: 2, skip: 1, grant: 5, repair: 3, rotate: 3, restore: 1 };
const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.oneof(...Object.entries(weights).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Kind) }))),
  receiver: fc.nat({ max: 2 }),
  pick: fc.nat({ max: 1_000 }),
});

it("opens every delivered message exactly once, or says why not, in any schedule", { timeout: 60_000 * testRuns() }, () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 10, maxLength: 60, size: "max" }), (operations) => {
      used.length = 0;
      const { perform, settle } = createGroup();
      for (const each of operations) perform(each);
      settle();
      expect(new Set(used).size).toBe(used.length);
      expect(used.length).toBeGreaterThan(0);
    }),
    { numRuns: Math.ceil(80 * testRuns()) },
  );
});
