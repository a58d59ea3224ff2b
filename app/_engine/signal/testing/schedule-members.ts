/** Devices of a schedule: real stores beside the model's memory of what is in them, and the prekeys that the server has of them. */
import { generateKemPrekeys, generateOneTimePrekeys, generateSignedPrekey } from "../keys";
import { pqxdh } from "../pqxdh";
import { decodeSessionRecord, encodeSessionRecord } from "../record-codec";
import { archiveSessions } from "../session-state";
import type { PrekeyBundle } from "../start-session";
import type { Suite } from "../suite";
import { createDevice, type Device, NOW_MS } from "./device";
import { remembering, textOf } from "./remembered-primitives";
import { archiveAll, emptyMemory, type Memory, type PrekeyName } from "./session-model";

const verified = remembering<boolean>();
/** The product's suite; it verifies a signature once. */
const suite: Suite = {
  ...pqxdh,
  verifySignature: (identityKey, message, signature) =>
    verified(textOf(identityKey, signature, message), () => pqxdh.verifySignature(identityKey, message, signature)),
};

/** How often a device can make new prekeys in one schedule. */
const GENERATIONS = 3;
const ONE_TIME_PREKEYS = 2;
const KEM_ONE_TIME_PREKEYS = 1;

type Generation = ReturnType<typeof makeGeneration>;
export type Member = {
  readonly name: string;
  readonly device: Device;
  readonly generations: readonly Generation[];
  memory: Memory;
  /** The one whose prekeys the server hands out. */
  generation: number;
  /** One-time keys that nobody has claimed yet. */
  unclaimed: Pick<Generation, "oneTimes" | "kems">;
  lastClaimed: PrekeyBundle | null;
  backup: { store: Device["store"]; memory: Memory } | null;
};

function makeGeneration({ local: { identity }, random }: Device, firstKeyId: number) {
  const made = { identity, nowMs: NOW_MS, random };
  const [lastResort] = generateKemPrekeys({ ...made, kind: "kem_last_resort", firstKeyId: firstKeyId + 30, count: 1 });
  if (lastResort === undefined) throw new Error("no last-resort key");
  return {
    signed: generateSignedPrekey({ ...made, keyId: firstKeyId }),
    oneTimes: generateOneTimePrekeys({ firstKeyId: firstKeyId + 10, count: ONE_TIME_PREKEYS, random }),
    kems: generateKemPrekeys({ ...made, kind: "kem_one_time", firstKeyId: firstKeyId + 20, count: KEM_ONE_TIME_PREKEYS }),
    lastResort,
  };
}

// Made once: key generation would take most of the time.
const people = ["alice", "bob", "carol", "dave"].map((name) => {
  const device = createDevice({ name, suite, oneTime: 0, kemOneTime: 0 });
  return { name, device, generations: Array.from({ length: GENERATIONS }, (_, i) => makeGeneration(device, 1_000 * (i + 1))) };
});

/** `count` devices with empty stores, except for their first prekeys. */
export function joinMembers(count: number): Member[] {
  return people.slice(0, count).map((person) => {
    const none = { generation: 0, unclaimed: { oneTimes: [], kems: [] }, lastClaimed: null, backup: null };
    const member: Member = { ...person, ...none, memory: emptyMemory() };
    const empty = { signed: new Map(), oneTime: new Map(), kem: new Map(), digests: new Set(), records: new Map() };
    Object.assign(member.device.store, empty);
    publish(member);
    return member;
  });
}

/** Stores the present generation of prekeys, and lets the server have nothing else. */
function publish(member: Member): void {
  const { signed, oneTimes, kems, lastResort } = generationOf(member);
  const { store } = member.device;
  const add = (name: PrekeyName) => member.memory.prekeys.add(name);
  store.signed.set(signed.record.keyId, signed.record);
  add(`signed ${signed.record.keyId}`);
  for (const { record } of oneTimes) {
    store.oneTime.set(record.keyId, record);
    add(`oneTime ${record.keyId}`);
  }
  for (const { record } of [...kems, lastResort]) {
    store.kem.set(record.keyId, record);
    add(`${record.kind === "kem_one_time" ? "kemOneTime" : "kemLastResort"} ${record.keyId}`);
  }
  member.unclaimed = { oneTimes: [...oneTimes], kems: [...kems] };
}

function generationOf({ generations, generation }: Member): Generation {
  const present = generations[generation];
  if (present === undefined) throw new Error("no such generation");
  return present;
}

/** What the server hands out to the next caller: without one-time keys when there are none left. */
export function claim(member: Member): PrekeyBundle {
  const { signed, lastResort } = generationOf(member);
  const kem = member.unclaimed.kems.shift();
  member.lastClaimed = {
    signedPrekey: signed.upload,
    oneTimePrekey: member.unclaimed.oneTimes.shift()?.upload ?? null,
    kemPrekey: kem ? { ...kem.upload, isLastResort: false } : { ...lastResort.upload, isLastResort: true },
  };
  return member.lastClaimed;
}

/** Writes all sessions and reads them back. */
export function restart({ device: { store } }: Member): void {
  for (const [name, record] of store.records) {
    const read = decodeSessionRecord(encodeSessionRecord(record));
    if (read === null) throw new Error("a record does not come back");
    store.records.set(name, read);
  }
}

export function backUp(member: Member): void {
  member.backup = { store: copyOf(member.device.store), memory: structuredClone(member.memory) };
}

/** Puts the whole store back, and does what the protocol asks for then: archives the sessions, replaces the prekeys. */
export function restore(member: Member): void {
  const { backup, device, generation, generations } = member;
  if (backup === null || generation + 1 === generations.length) return;
  putBack(member);
  for (const name of device.store.records.keys()) archive(member, name);
  member.generation++;
  publish(member);
}

/** Puts the whole store back and does nothing about it. */
export function putBack(member: Member): void {
  if (member.backup === null) throw new Error("nothing was backed up");
  Object.assign(member.device.store, copyOf(member.backup.store));
  member.memory = structuredClone(member.backup.memory);
}

function copyOf({ signed, oneTime, kem, digests, records }: Device["store"]): Device["store"] {
  return { signed: new Map(signed), oneTime: new Map(oneTime), kem: new Map(kem), digests: new Set(digests), records: new Map(records) };
}

/** Archives the sessions with one peer. */
export function archive({ device: { store }, memory }: Member, peer: string): void {
  const record = store.records.get(peer);
  if (record === undefined) return;
  store.records.set(peer, archiveSessions(record));
  archiveAll(memory, peer);
}

/** Loses the sessions with one peer. */
export function forget({ device: { store }, memory }: Member, peer: string): void {
  store.records.delete(peer);
  memory.peers.delete(peer);
}
