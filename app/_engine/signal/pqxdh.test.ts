/** The product's format on the wire: what it looks like, and that nothing else is read. Its bytes are frozen in pqxdh-vectors.test.ts. */
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { expect, it } from "vitest";
import { SIGNED_PREKEY_MAX_AGE_MS } from "@/server/contract/limits";
import { verifyXEdDSA } from "@/server/contract/signatures";
import { isFirstMessage, pqxdh } from "./pqxdh";
import { MAX_PREKEY_AGE_MS } from "./session-state";
import { createDevice, NOW_MS, receive, send, trySend } from "./testing/device";

it("signs prekeys over label, kind, id, time and key", () => {
  const bob = createDevice({ name: "bob" });
  const { signedPrekey } = bob.claimBundle();
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(NOW_MS));
  const input = concatBytes(utf8ToBytes("parley prekey v1\0"), Uint8Array.of(1, 0, 0, 0, 1), time, signedPrekey.publicKey);
  expect(verifyXEdDSA(bob.remoteView.identityKey, input, signedPrekey.signature)).toBe(true);
});

it("writes ratchet messages of 0x51, type 1, four fields and 16 bytes of MAC", () => {
  const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
  receive(bob, alice, send(alice, bob, "hello"));
  const message = send(bob, alice, "");
  expect([isFirstMessage(message), isFirstMessage(send(alice, bob, "again").subarray(0, 2)), isFirstMessage(new Uint8Array(0))]).toEqual([
    false,
    true,
    false,
  ]);
  expect(isFirstMessage(Uint8Array.of(0x52, 2))).toBe(false);
  expect([...message.subarray(0, 4)]).toEqual([0x51, 1, 0x0a, 33]);
  // Version and type, ratchet key, counter, previous length, one block of ciphertext, MAC.
  expect(message.length).toBe(2 + 35 + 2 + 2 + 18 + 16);
});

it("reads its own bytes only: trailing, missing, repeated and unsorted fields are malformed", () => {
  const [alice, bob] = [createDevice({ name: "alice" }), createDevice({ name: "bob" })];
  receive(bob, alice, send(alice, bob, "hello"));
  const message = send(bob, alice, "hi");
  const [body, mac] = [message.subarray(2, -16), message.subarray(-16)];
  const header = Uint8Array.of(0x51, 1);
  const [key, counters, ciphertext] = [body.subarray(0, 35), body.subarray(35, 39), body.subarray(39)];
  const reason = (...parts: Uint8Array[]) => {
    const decoded = pqxdh.decode(concatBytes(...parts));
    return decoded.ok ? "ok" : decoded.reason;
  };
  expect(reason(header, key, counters, ciphertext, mac)).toBe("ok");
  expect(reason(header, counters, key, ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, key, counters, ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, counters, mac)).toBe("malformed");
  expect(reason(header, key, counters, ciphertext, Uint8Array.of(0x28, 1), mac)).toBe("malformed");
  expect(reason(header, key, Uint8Array.of(0x10, 0x80, 0, 0x18, 0), ciphertext, mac)).toBe("malformed");
  expect(reason(header, key, counters, ciphertext.subarray(0, -1), mac)).toBe("malformed");
  expect(reason(Uint8Array.of(0x51, 2), body, mac)).toBe("malformed");
  expect(reason(Uint8Array.of(0x51, 3), body, mac)).toBe("unsupported_version");
  expect(reason(Uint8Array.of(0x52, 1), body, mac)).toBe("unsupported_version");
  expect(reason(header)).toBe("malformed");
  expect(reason()).toBe("malformed");
});

it("has the age limit of the contract", () => {
  expect(MAX_PREKEY_AGE_MS).toBe(SIGNED_PREKEY_MAX_AGE_MS);
  expect(trySend(createDevice({ name: "a" }), createDevice({ name: "b" }), "x")).toEqual({ ok: false, reason: "needs_new_session" });
});
