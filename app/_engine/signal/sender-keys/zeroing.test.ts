/** Secrets of sender keys are overwritten when they have served, and never those that a value still holds. */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { afterEach, expect, it, vi } from "vitest";
import * as primitives from "../primitives";
import { NOW_MS } from "../testing/device";
import { idOf } from "../testing/group-member";
import { parleySenderKeys } from "./format";
import { createSenderKey, distribute, forgetStepsBefore, groupEncrypt } from "./own";
import { groupDecrypt, processDistribution } from "./received";
import type { OwnSenderKeys, SenderKeyRecord } from "./state";

const context = { chatId: idOf("chat"), userId: idOf("user"), deviceId: idOf("device") };
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** All that hmacSha256 and hkdf return from now on. */
function observe(): Uint8Array[] {
  const derived: Uint8Array[] = [];
  const { hmacSha256, hkdf } = primitives;
  const note = (bytes: Uint8Array) => {
    derived.push(bytes);
    return bytes;
  };
  vi.spyOn(primitives, "hmacSha256").mockImplementation((...input) => note(hmacSha256(...input)));
  vi.spyOn(primitives, "hkdf").mockImplementation((...input) => note(hkdf(...input)));
  return derived;
}

function encrypt(keys: OwnSenderKeys, text: string) {
  const encrypted = groupEncrypt({ context, keys, plaintext: utf8ToBytes(text) });
  if (!encrypted.ok) throw new Error(encrypted.reason);
  return encrypted;
}

/** Keys after five messages, the messages, and a receiver that got the first step. */
function makeGroup() {
  const first = createSenderKey({ keys: null, nowMs: NOW_MS });
  const processed = processDistribution({ context, record: null, distribution: distribute({ context, keys: first }) as Uint8Array });
  if (!processed.ok) throw new Error(processed.reason);
  let keys = first;
  const messages = ["0", "1", "2", "3", "4"].map((text) => {
    const encrypted = encrypt(keys, text);
    keys = encrypted.keys;
    return encrypted.message;
  });
  return { first, keys, messages, record: processed.record };
}

function open(record: SenderKeyRecord, message: Uint8Array) {
  const decrypted = groupDecrypt({ context, record, message });
  if (!decrypted.ok) throw new Error(decrypted.reason);
  return { text: new TextDecoder().decode(decrypted.plaintext), record: decrypted.record };
}

afterEach(() => {
  vi.restoreAllMocks();
});

it("encrypting leaves the next chain key alone", () => {
  const { keys } = makeGroup();
  const derived = observe();
  const after = encrypt(keys, "hello").keys;
  expect([derived.length, derived.filter((bytes) => !isZero(bytes))]).toEqual([3, [after.current?.next.chainKey]]);
});

it("opening leaves the next chain key and the keys of what is missing", () => {
  const { messages, record } = makeGroup();
  const derived = observe();
  const [key] = open(record, messages[3] as Uint8Array).record.keys;
  const held = [...(key?.skipped ?? []).map(({ seed }) => seed), key?.next.chainKey];
  expect(held.length).toBe(4);
  expect(new Set(derived.filter((bytes) => !isZero(bytes)))).toEqual(new Set(held));
});

it("handing out, forgetting and comparing leave what their values hold", () => {
  const { keys, record, messages } = makeGroup();
  const keyId = keys.current?.keyId as number;
  const derived = observe();
  distribute({ context, keys });
  expect(derived.length).toBe(0);
  const distribution = distribute({ context, keys, from: { keyId, iteration: 3 } }) as Uint8Array;
  expect([derived.length > 0, derived.every(isZero)]).toEqual([true, true]);
  expect(processDistribution({ context, record, distribution })).toEqual({ ok: true, record });
  expect(derived.every(isZero)).toBe(true);
  const late = processDistribution({ context, record: null, distribution });
  if (!late.ok) throw new Error(late.reason);
  const earlier = distribute({ context, keys, from: { keyId, iteration: 1 } }) as Uint8Array;
  const repaired = processDistribution({ context, record: late.record, distribution: earlier });
  if (!repaired.ok) throw new Error(repaired.reason);
  expect(derived.filter((bytes) => !isZero(bytes))).toEqual(repaired.record.keys[0]?.skipped.map(({ seed }) => seed));
  expect([1, 2, 3].map((n) => open(repaired.record, messages[n] as Uint8Array).text)).toEqual(["1", "2", "3"]);
  const forgotten = forgetStepsBefore(keys, keyId, 4);
  expect(derived.filter((bytes) => !isZero(bytes)).at(-1)).toBe(forgotten.current?.earliest.chainKey);
});

it("a distribution of another chain leaves nothing of what was derived to compare it", () => {
  const { record, messages } = makeGroup();
  const { record: known } = open(record, messages[3] as Uint8Array);
  const [key] = record.keys as [SenderKeyRecord["keys"][number]];
  const chainKey = new Uint8Array(32).fill(7) as primitives.ChainKey;
  const { keyId, signingKey } = key;
  const distribution = parleySenderKeys.encodeDistribution(context, { keyId, iteration: 1, chainKey, signingKey });
  const derived = observe();
  expect(processDistribution({ context, record: known, distribution })).toEqual({ ok: false, reason: "conflict" });
  expect([derived.length, derived.every(isZero)]).toEqual([6, true]);
});

it("an earlier value still does all that it did", () => {
  const { first, keys, messages, record } = makeGroup();
  const keyId = keys.current?.keyId as number;
  const gap = open(record, messages[4] as Uint8Array).record;
  for (let round = 0; round < 2; round++) {
    expect([0, 2, 4].map((n) => open(record, messages[n] as Uint8Array).text)).toEqual(["0", "2", "4"]);
    expect([0, 3].map((n) => open(gap, messages[n] as Uint8Array).text)).toEqual(["0", "3"]);
    expect(open(record, encrypt(first, "again").message).text).toBe("again");
    forgetStepsBefore(keys, keyId, 5);
    createSenderKey({ keys, nowMs: NOW_MS });
    const processed = processDistribution({
      context,
      record: gap,
      distribution: distribute({ context, keys, from: { keyId, iteration: 2 } }) as Uint8Array,
    });
    expect(processed).toEqual({ ok: true, record: gap });
  }
});
