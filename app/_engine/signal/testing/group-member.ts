/** A member device of one chat with its sender keys in memory, for tests. The cryptography is the real one. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { advance } from "../sender-keys/chain";
import { decodeOwnSenderKeys, decodeSenderKeyRecord, encodeOwnSenderKeys, encodeSenderKeyRecord } from "../sender-keys/codec";
import { parleySenderKeys } from "../sender-keys/format";
import { createSenderKey, type DistributeOptions, distribute, groupEncrypt } from "../sender-keys/own";
import { groupDecrypt, processDistribution } from "../sender-keys/received";
import type { OwnSenderKeys, SenderKeyRecord } from "../sender-keys/state";
import type { SenderKeyContext, SenderKeySuite } from "../sender-keys/suite";
import { NOW_MS, seededRandom } from "./device";

export type GroupMember = ReturnType<typeof createGroupMember>;
export type GroupMemberOptions = {
  readonly name: string;
  readonly chat?: string;
  readonly suite?: SenderKeySuite;
  readonly chatId?: Uint8Array;
};

/** 16 bytes that follow from a name. */
export function idOf(name: string): Uint8Array {
  return sha256(utf8ToBytes(name)).subarray(0, 16);
}

/** What is stored is what was serialised: each change goes through the codecs. */
export function createGroupMember({ name, chat = "the chat", suite = parleySenderKeys, chatId = idOf(chat) }: GroupMemberOptions) {
  const random = seededRandom(`${name} in ${chat}`);
  const context: SenderKeyContext = { chatId, userId: idOf(`user of ${name}`), deviceId: idOf(`device ${name}`) };
  let own: OwnSenderKeys | null = null;
  const received = new Map<string, SenderKeyRecord>();

  function storeOwn(keys: OwnSenderKeys): OwnSenderKeys {
    own = stored(decodeOwnSenderKeys(encodeOwnSenderKeys(keys)));
    return own;
  }

  return {
    name,
    context,
    random,
    own: () => stored(own),
    storeOwn,
    received: (from: { name: string }) => received.get(from.name) ?? null,
    forget: (from: { name: string }) => received.delete(from.name),
    /** Replaces the own key. */
    rotate: (nowMs = NOW_MS) => storeOwn(createSenderKey({ suite, keys: own, nowMs, random })),
    /** As if so many messages had been sent. */
    skip(count: number) {
      const keys = stored(own);
      const current = stored(keys.current);
      return storeOwn({ ...keys, current: { ...current, next: advance(current.next, current.next.iteration + count) } });
    },
    send(text: string): Uint8Array {
      const encrypted = groupEncrypt({ suite, context, keys: own, plaintext: utf8ToBytes(text), random });
      if (!encrypted.ok) throw new Error(encrypted.reason);
      storeOwn(encrypted.keys);
      return encrypted.message;
    },
    distribution(from?: DistributeOptions["from"]): Uint8Array {
      return stored(distribute({ suite, context, keys: stored(own), from }));
    },
    /** Returns "ok" or the reason in angle brackets. */
    take(from: { name: string; context: SenderKeyContext }, distribution: Uint8Array): string {
      const processed = processDistribution({ suite, context: from.context, record: received.get(from.name) ?? null, distribution });
      if (!processed.ok) return `<${processed.reason}>`;
      received.set(from.name, stored(decodeSenderKeyRecord(encodeSenderKeyRecord(processed.record))));
      return "ok";
    },
    /** Returns the text, or the reason in angle brackets. */
    read(from: { name: string; context: SenderKeyContext }, message: Uint8Array): string {
      const decrypted = groupDecrypt({ suite, context: from.context, record: received.get(from.name) ?? null, message });
      if (!decrypted.ok) return `<${decrypted.reason}>`;
      received.set(from.name, stored(decodeSenderKeyRecord(encodeSenderKeyRecord(decrypted.record))));
      return new TextDecoder().decode(decrypted.plaintext);
    },
  };
}

function stored<Value>(value: Value | null): Value {
  if (value === null) throw new Error("nothing is there, or it does not come back");
  return value;
}
