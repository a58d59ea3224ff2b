/** A store that went back in time: its sessions are read, and nothing is encrypted in them any more. */
import { expect, it } from "vitest";
import { decodeSessionRecord, encodeSessionRecord } from "./record-codec";
import { archiveSessions, MAX_ARCHIVED_SESSIONS, type SessionRecord } from "./session-state";
import { createDevice, type Device, receive, send, start, trySend } from "./testing/device";

const makePair = () => [createDevice({ name: "alice" }), createDevice({ name: "bob" })] as const;
const recordOf = (device: Device, peer: Device) => device.store.records.get(peer.name) as SessionRecord;
const currentOf = (device: Device, peer: Device) => recordOf(device, peer).current;

it("reads what comes in a session of before a restore, and never encrypts in it again: its next key may be used", () => {
  const [alice, bob] = makePair();
  receive(bob, alice, send(alice, bob, "hello"));
  receive(alice, bob, send(bob, alice, "hi"));
  receive(bob, alice, send(alice, bob, "my first turn"));
  const backup = recordOf(alice, bob);
  const late = send(bob, alice, "answer to the first turn");
  const lost = send(alice, bob, "after the backup");
  expect(receive(bob, alice, lost)).toBe("after the backup");
  alice.store.records.set(bob.name, archiveSessions(backup));
  expect(receive(alice, bob, late)).toBe("answer to the first turn");
  expect(trySend(alice, bob, "x")).toEqual({ ok: false, reason: "needs_new_session" });
  expect(receive(bob, alice, send(alice, bob, "in a new session"))).toBe("in a new session");
  expect(receive(alice, bob, send(bob, alice, "and on"))).toBe("and on");
  expect(currentOf(alice, bob)?.baseKey).toEqual(currentOf(bob, alice)?.baseKey);
});

it("never encrypts twice with one key, although a message of the chain before the restore makes its session known again", () => {
  const [alice, bob] = makePair();
  receive(bob, alice, send(alice, bob, "hello"));
  const [first, late] = [send(bob, alice, "first"), send(bob, alice, "late")];
  receive(alice, bob, first);
  receive(bob, alice, send(alice, bob, "answer"));
  const backup = recordOf(alice, bob);
  expect(receive(bob, alice, send(alice, bob, "after the backup"))).toBe("after the backup");
  alice.store.records.set(bob.name, archiveSessions(backup));
  expect(receive(alice, bob, late)).toBe("late");
  expect(receive(bob, alice, send(alice, bob, "after the restore"))).toBe("after the restore");
});

it("ends in one session although each side writes in one that the other may only read", () => {
  const [alice, bob] = makePair();
  const archiveAt = (device: Device, peer: Device) => device.store.records.set(peer.name, archiveSessions(recordOf(device, peer)));
  const fromAlice = send(alice, bob, "a");
  archiveAt(alice, bob);
  const fromBob = send(bob, alice, "b");
  archiveAt(bob, alice);
  expect([receive(bob, alice, fromAlice), receive(alice, bob, fromBob)]).toEqual(["a", "b"]);
  for (const text of ["c", "d"]) {
    expect(receive(bob, alice, send(alice, bob, text))).toBe(text);
    expect(receive(alice, bob, send(bob, alice, text))).toBe(text);
  }
  expect(currentOf(alice, bob)?.baseKey).toEqual(currentOf(bob, alice)?.baseKey);
});

it("keeps the session that it started after a restore, whatever still comes in the one before", () => {
  const [alice, bob] = makePair();
  receive(bob, alice, send(alice, bob, "hello"));
  const late = ["late", "later"].map((text) => send(bob, alice, text));
  alice.store.records.set(bob.name, archiveSessions(recordOf(alice, bob)));
  send(alice, bob, "in a new session, on its way");
  const started = currentOf(alice, bob)?.baseKey;
  expect(late.map((message) => receive(alice, bob, message))).toEqual(["late", "later"]);
  expect(currentOf(alice, bob)?.baseKey).toEqual(started);
});

it("keeps no more sessions than its store takes: after as many starts, a restore, and a message in one of before", () => {
  const [alice, bob] = makePair();
  const expectStorable = (record: SessionRecord) => expect(decodeSessionRecord(encodeSessionRecord(record))).toEqual(record);
  receive(bob, alice, send(alice, bob, "hello"));
  const late = send(bob, alice, "late");
  for (let n = 1; n < MAX_ARCHIVED_SESSIONS; n++) start(alice, bob);
  expect(recordOf(alice, bob).archived.every(({ unacknowledged }) => unacknowledged === null)).toBe(true);
  alice.store.records.set(bob.name, archiveSessions(recordOf(alice, bob)));
  receive(bob, alice, send(alice, bob, "in a new session"));
  receive(alice, bob, send(bob, alice, "answer"));
  expect(receive(alice, bob, late)).toBe("late");
  expectStorable(recordOf(alice, bob));
  start(alice, bob);
  expectStorable(archiveSessions(recordOf(alice, bob)));
});
