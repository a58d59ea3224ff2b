import { describe, expect, it } from "vitest";
import { testRuns } from "@/server/testing/test-runs";
import {
  decodeIdentityKeyPair,
  decodeKemPrekey,
  decodeOneTimePrekey,
  decodeSessionRecord,
  decodeSignedPrekey,
  encodeIdentityKeyPair,
  encodeKemPrekey,
  encodeOneTimePrekey,
  encodeSessionRecord,
  encodeSignedPrekey,
} from "./record-codec";
import { archiveSessions, MAX_ARCHIVED_SESSIONS, type SessionRecord } from "./session-state";
import { createDevice, type Device, receive, send, start } from "./testing/device";
import { x3dh } from "./testing/x3dh";

/** With a few lost messages. Each key that is kept for a message that has not come takes 36 bytes. */
const MAX_USUAL_BYTES = 8_000;

const recordOf = (device: Device, peer: Device) => device.store.records.get(peer.name) as SessionRecord;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Sessions in every state: unacknowledged, archived, answered, with skipped keys and finished chains. */
function makeRecords() {
  const [alice, bob] = [createDevice({ name: "codec alice" }), createDevice({ name: "codec bob" })];
  const first = send(alice, bob, "0");
  const unacknowledged = recordOf(alice, bob);
  receive(bob, alice, first);
  const skipped = send(bob, alice, "1");
  receive(alice, bob, send(bob, alice, "2"));
  receive(bob, alice, send(alice, bob, "3"));
  receive(alice, bob, send(bob, alice, "4"));
  const answered = recordOf(alice, bob);
  start(alice, bob);
  return { alice, bob, skipped, unacknowledged, answered, restarted: recordOf(alice, bob) };
}

describe("session records", () => {
  const { unacknowledged, answered, restarted } = makeRecords();
  const readOnly = archiveSessions(restarted);

  it.each(Object.entries({ unacknowledged, answered, restarted, readOnly, empty: { current: null, archived: [] } }))(
    "come back: %s",
    (_, record) => {
      const bytes = encodeSessionRecord(record);
      expect(decodeSessionRecord(bytes)).toEqual(record);
      expect(decodeSessionRecord(Buffer.from(bytes))).toEqual(record);
    },
  );

  it("come back without a KEM ciphertext too, where the suite has none", () => {
    const [carol, dave] = [createDevice({ name: "carol", suite: x3dh }), createDevice({ name: "dave", suite: x3dh })];
    send(carol, dave, "hello");
    const record = recordOf(carol, dave);
    expect(record.current?.unacknowledged?.header.kem).toBeNull();
    expect(decodeSessionRecord(encodeSessionRecord(record))).toEqual(record);
  });

  it("say that a session is read-only in one way: 1, or nothing", () => {
    const bytes = encodeSessionRecord(archiveSessions(unacknowledged));
    // Field 13 is the last one of the last session.
    expect([...bytes.subarray(-2)]).toEqual([13 * 8, 1]);
    expect(decodeSessionRecord(bytes)).not.toBeNull();
    expect(decodeSessionRecord(bytes.with(-1, 0))).toBeNull();
    expect(decodeSessionRecord(bytes.with(-1, 2))).toBeNull();
  });

  it("keep their bytes", async () => {
    const snapshot = { unacknowledged: hex(encodeSessionRecord(unacknowledged)), restarted: hex(encodeSessionRecord(restarted)) };
    await expect(`${JSON.stringify(snapshot, null, 2)}\n`).toMatchFileSnapshot("./testing/vectors/session-record.json");
  });

  it("stay under 8 kB at every turn of a long conversation in which messages are lost", { timeout: 60_000 * Math.ceil(testRuns()) }, () => {
    const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
    let largest = 0;
    const speak = (from: Device, to: Device, turn: number) => {
      // Of each ten turns one loses three messages before the one that arrives, two lose one, and one loses the last.
      const lost = [0, 3, 0, 1, 0, 0, 1, 0, 0, 0][turn % 10] ?? 0;
      for (let i = 0; i < lost; i++) send(from, to, "lost");
      expect(receive(to, from, send(from, to, `turn ${turn}`))).toBe(`turn ${turn}`);
      if (turn % 10 === 8) send(from, to, "lost");
      for (const [device, peer] of [
        [from, to],
        [to, from],
      ] as const) {
        const bytes = encodeSessionRecord(recordOf(device, peer)).length;
        expect(bytes).toBeLessThan(MAX_USUAL_BYTES);
        largest = Math.max(largest, bytes);
      }
    };
    for (let turn = 0; turn < 300 * testRuns(); turn++)
      speak(...(turn % 2 === 0 ? ([alice, bob] as const) : ([bob, alice] as const)), turn);
    // Kept keys of lost messages and finished chains are in there, so that the bound says something.
    expect(largest).toBeGreaterThan(1_500);
  });

  it("stay under 8 kB after long use: six sessions, many turns, some messages lost", { timeout: 60_000 }, () => {
    const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob", oneTime: 0, kemOneTime: 0 })];
    for (let session = 0; session <= MAX_ARCHIVED_SESSIONS; session++) {
      start(alice, bob);
      for (let turn = 0; turn < 8; turn++) {
        if (turn % 2 === 1) send(alice, bob, "lost");
        receive(bob, alice, send(alice, bob, "there"));
        if (turn % 2 === 0) send(bob, alice, "lost");
        receive(alice, bob, send(bob, alice, "and back"));
      }
    }
    start(alice, bob);
    const record = recordOf(alice, bob);
    expect(record.archived.length).toBe(MAX_ARCHIVED_SESSIONS);
    expect(encodeSessionRecord(record).length).toBeLessThan(MAX_USUAL_BYTES);
    expect(encodeSessionRecord(recordOf(bob, alice)).length).toBeLessThan(MAX_USUAL_BYTES);
  });
});

describe("private keys", () => {
  const { local, store } = createDevice({ name: "codec keys" });
  const signed = store.signed.get(1);
  const oneTime = store.oneTime.get(100);
  const [kemOneTime, kemLastResort] = [store.kem.get(200), store.kem.get(2)];
  if (!signed || !oneTime || !kemOneTime || !kemLastResort) throw new Error("a key is missing");

  it("come back and keep their bytes", () => {
    const bytes = {
      identity: encodeIdentityKeyPair(local.identity),
      signed: encodeSignedPrekey(signed),
      oneTime: encodeOneTimePrekey(oneTime),
      kemOneTime: encodeKemPrekey(kemOneTime),
      kemLastResort: encodeKemPrekey(kemLastResort),
    };
    expect(decodeIdentityKeyPair(bytes.identity)).toEqual(local.identity);
    expect(decodeSignedPrekey(bytes.signed)).toEqual(signed);
    expect(decodeOneTimePrekey(bytes.oneTime)).toEqual(oneTime);
    expect(decodeKemPrekey(bytes.kemOneTime)).toEqual(kemOneTime);
    expect(decodeKemPrekey(bytes.kemLastResort)).toEqual(kemLastResort);
    expect(Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, hex(value)]))).toMatchInlineSnapshot(`
      {
        "identity": "08011220789b6fda4f8870b2490a4acfbf64265a7cde0600d15ee55bb3e20778da0f304b1a2105906fb293d1692ebd16946f812d1c8b1d93b5c132c8c228bd9f83751b9ece7d7a",
        "kemLastResort": "080110021880b883a1f73220012a40cef0ef079bd7aa890b405faddd957c84784812bf0e0cd713c3f2339f8ab4f0b6f8973ff157c82c58f587f774e1724f6a0d71094a93fc8a13890b56b31833e573",
        "kemOneTime": "080110c8011880b883a1f73220002a407c851132c67022c6117e21a4818c5279d224a4142fec7a910c9e1ad7bbc8b3a9b09d0760fed074a136991c7574794056f043a2a88c8d896a0bae525721159d47",
        "oneTime": "080110641a20f0fe91413f4b1f9bb29515e55a70be766f54f335fb7a10860c44ba6f143ba941222105bddf1723afaa68010f35b139903ff9962b1858b9ce0dd02fa28a817ff1623c39",
        "signed": "080110011880b883a1f7322220603b38d09ff39a63223213b5541b6ca95aab99d124f0b46dbc28994ebebbdc6e2a21055c7c821ddb2e4665ccd9b6e65329a363ea49fcab5cb1d66ae3b8148a529c370e",
      }
    `);
  });

  it("are not read as each other, nor in another format version", () => {
    const bytes = encodeSignedPrekey(signed);
    expect([decodeOneTimePrekey(bytes), decodeKemPrekey(bytes), decodeIdentityKeyPair(bytes), decodeSessionRecord(bytes)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    const later = bytes.slice();
    later[1] = 2;
    expect(decodeSignedPrekey(later)).toBeNull();
    expect(decodeSignedPrekey(new Uint8Array(0))).toBeNull();
  });
});
