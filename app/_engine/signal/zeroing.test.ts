/** Secrets are overwritten when they have served, and never those that a value still holds. */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it, vi } from "vitest";
import type { Random } from "@/server/contract/signatures";
import type { decrypt } from "./decrypt";
import { encrypt } from "./encrypt";
import * as primitives from "./primitives";
import type { SessionRecord } from "./session-state";
import { startSession } from "./start-session";
import { createDevice, NOW_MS, peek, receive, send, start, trySend } from "./testing/device";

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

describe("a new session", () => {
  it("leaves none of the random bytes that it was made of", () => {
    const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
    const drawn: Uint8Array[] = [];
    const random: Random = (lengthBytes) => {
      const bytes = alice.random(lengthBytes);
      drawn.push(bytes);
      return bytes;
    };
    const { local } = alice;
    const remote = bob.remoteView;
    const started = startSession({ local, remote, bundle: bob.claimBundle(), record: null, nowMs: NOW_MS, random });
    if (!started.ok) throw new Error(started.reason);
    const sent = encrypt({ remote, record: started.record, plaintext: utf8ToBytes("hello"), nowMs: NOW_MS, random });
    // Base key, the KEM's randomness, first ratchet key.
    expect([sent.ok, drawn.map(({ length }) => length), drawn.map(isZero)]).toEqual([true, [32, 32, 32], [true, true, true]]);
  });
});

function acquainted() {
  const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
  start(alice, bob);
  receive(bob, alice, send(alice, bob, "hello"));
  receive(alice, bob, send(bob, alice, "hello, alice"));
  receive(bob, alice, send(alice, bob, "how are you?"));
  return { alice, bob };
}

describe("a finished chain", () => {
  it("leaves no chain key behind its last message", () => {
    const { alice, bob } = acquainted();
    const last = send(alice, bob, "last");
    receive(alice, bob, send(bob, alice, "turn"));
    receive(bob, alice, send(alice, bob, "in the next chain"));
    const derived = vi.spyOn(primitives, "hmacSha256");
    expect(opened(peek(bob, alice, last))).toBe("last");
    // Seed, next chain key, and the MAC, which is no secret.
    expect(derived.mock.results.map(({ value }) => isZero(value))).toEqual([true, true, false]);
    derived.mockRestore();
  });
});

describe("an earlier value", () => {
  it("opens the same message again, in its chain and after a step of the ratchet", () => {
    const { alice, bob } = acquainted();
    const messages = [send(alice, bob, "one"), send(alice, bob, "two"), send(alice, bob, "three")];
    const answer = send(bob, alice, "four");
    const texts = () => [...messages.map((message) => opened(peek(bob, alice, message))), opened(peek(alice, bob, answer))];
    expect([texts(), texts()]).toEqual([
      ["one", "two", "three", "four"],
      ["one", "two", "three", "four"],
    ]);
  });

  it("keeps the keys of messages that have not come, whatever is opened or refused after it", () => {
    const { alice, bob } = acquainted();
    const late = [send(alice, bob, "one"), send(alice, bob, "two")];
    receive(bob, alice, send(alice, bob, "three"));
    const forged = late.map((message) => message.with(-1, (message.at(-1) as number) ^ 1));
    expect(forged.map((message) => peek(bob, alice, message).ok)).toEqual([false, false]);
    expect([...late, ...late].map((message) => opened(peek(bob, alice, message)))).toEqual(["one", "two", "one", "two"]);
  });

  it("opens a first message again from the same prekeys", () => {
    const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
    start(alice, bob);
    const first = send(alice, bob, "hello");
    expect([opened(peek(bob, alice, first)), opened(peek(bob, alice, first))]).toEqual(["hello", "hello"]);
  });

  it("encrypts as it did, and what it made stays readable", () => {
    const { alice, bob } = acquainted();
    const before = alice.store.records.get("bob") as SessionRecord;
    const random = () => new Uint8Array(32).fill(7);
    const again = () => encrypt({ remote: bob.remoteView, record: before, plaintext: utf8ToBytes("one"), nowMs: NOW_MS, random });
    const [one, other] = [again(), again()];
    expect(one).toEqual(other);
    expect(trySend(alice, bob, "two").ok && one.ok && opened(peek(bob, alice, one.message))).toBe("one");
  });
});

function opened(decrypted: ReturnType<typeof decrypt>): string {
  return decrypted.ok ? new TextDecoder().decode(decrypted.plaintext) : `<${decrypted.reason}>`;
}
