/** What one device remembers, in IndexedDB. Private keys and sessions are wrapped (wrapping.ts); messages are the person's own
 *  plaintext on their own device. Every change of the layout is a new `version(n)`; old ones stay. */

import Dexie, { type Table } from "dexie";
import type { ChatId, DeviceId, LogId, MessageId, UserId } from "@/server/contract/ids";
import type { Privacy } from "@/server/contract/presence";
import type { Audience } from "@/server/contract/statements/audience";
import type { ManifestPin } from "@/server/contract/statements/manifest-pin";
import type { FailureCode, MessageView } from "../door";

/** Ciphertext of AES-256-GCM under the device's wrapping key: 12 bytes of nonce, then ciphertext and tag. */
export type Wrapped = Uint8Array;

/** What there is one of, by key. */
export type Meta = {
  wrappingKey: CryptoKey;
  account: AccountRow;
  /** Grows with each leader. */
  leader: number;
  log: { logId: LogId };
  connection: ConnectionRow;
  /** What the account shares, as the server last said. */
  privacy: Privacy;
  /** `pendingUpload`: made and stored, but the server has not confirmed them yet; as JSON. */
  prekeys: { nextKeyId: number; pendingUpload: string | null };
};
export type MetaRow = { key: keyof Meta; value: Meta[keyof Meta] };

export type AccountRow = {
  userId: UserId;
  username: string;
  isAdmin: boolean;
  deviceId: DeviceId;
  /** The registration that the server has not confirmed yet, as JSON of its input. */
  pendingRegistration: string | null;
  /** The server no longer knows this browser's session. */
  sessionEnded: boolean;
  recoveryKeyPending: boolean;
  remindAtMs: number;
};
export type ConnectionRow = { state: "connecting" | "online" | "polling" | "offline" | "unavailable"; storageFailed: boolean };

export type SecretKind = "identity" | "account" | "recovery" | "backup" | "signed_prekey" | "one_time" | "kem_one_time" | "kem_last_resort";
/** One private key. `keyId` is 0 for the kinds of which there is one. */
export type SecretRow = { kind: SecretKind; keyId: number; wrapped: Wrapped; createdAtMs: number; replacedAtMs: number | null };

/** Ratchets with one peer device. `version` grows by one with each write: two owners cannot both advance it. */
export type SessionRow = { userId: UserId; deviceId: DeviceId; wrapped: Wrapped; version: number };

/** This device's own sender keys in one chat, wrapped. `version` as in SessionRow. */
export type OwnSenderKeyRow = { chatId: ChatId; wrapped: Wrapped; version: number };
/** What another device handed out of its sender keys in one chat, wrapped. `version` as in SessionRow. */
export type SenderKeyRow = { chatId: ChatId; userId: UserId; deviceId: DeviceId; wrapped: Wrapped; version: number };

/** SHA-256 of a first message's secret, kept while the prekeys it used exist, so that it can't be replayed. */
export type FirstMessageRow = { digest: string; signedPrekeyId: number; seenAtMs: number };

/** What this device believes about an account. `pin.accountKey` is the key that the person accepted. */
export type ContactRow = {
  userId: UserId;
  username: string;
  pin: ManifestPin;
  /** Another account key appeared without the recovery key's word: nothing is encrypted to it before the person accepts. */
  candidate: ManifestPin | null;
  verifiedAccountKey: Uint8Array | null;
};
/** Every verified manifest, so that an entry can be judged by the devices of its own time. */
export type ManifestRow = {
  userId: UserId;
  /** Its hash is its key: who signs two for one version can't put one in the place of the other. */
  hashBase64: string;
  version: number;
  generation: number;
  hash: Uint8Array;
  accountKey: Uint8Array;
  devices: { deviceId: DeviceId; identityKey: Uint8Array }[];
  /** What people are told at this manifest's place in a log. */
  change: "key_rotated" | "key_changed" | null;
};

export type ChatRow = {
  chatId: ChatId;
  type: "individual" | "group";
  members: { userId: UserId; username: string; deleted: boolean }[];
  createdAtMs: number;
  /** Entries up to here came before this device. */
  startSeq: number;
  /** The person opened it here: it is listed although nothing was said yet. */
  opened: boolean;
  /** Applied up to the last statement of the log that this device has processed. */
  audience: Audience;
  audienceSeq: number;
  /** Last entry that is stored here, and which one that was. */
  cursorSeq: number;
  cursorMessageId: MessageId | null;
  acknowledgedSeq: number;
  lastSeq: number;
  floorSeq: number;
  watermarks: Record<UserId, { deliveredSeq: number; readSeq: number }>;
  /** Own read watermark, and how much of it the server knows. */
  readSeq: number;
  readAcknowledgedSeq: number;
  /** Greatest seq of an own message: whoever has not read it may do so unheard. */
  lastOwnSeq: number;
  /** Greatest counter of ciphertexts that this device made in this chat. */
  sendCounter: number;
  /** Greatest content counter that this device gave to a message here. */
  contentCounter: number;
  unread: number;
  lastActivityMs: number;
  /** The newest message, for the chat list. */
  lastMessageId: MessageId | null;
};

/** Entries without a seq sort behind all others, in the order they were written. */
export const UNSENT_POSITION = 2 ** 50;

export type MessageRow = {
  chatId: ChatId;
  messageId: MessageId;
  /** seq, or UNSENT_POSITION + a growing number. */
  position: number;
  seq: number | null;
  senderUserId: UserId;
  senderDeviceId: DeviceId | null;
  own: boolean;
  sentAtMs: number;
  receivedAtMs: number;
  counter: number;
  body: MessageView["body"];
  failure: FailureCode | null;
  /** Ciphertext of a message that could not be opened, or raw content of an unknown kind. */
  kept: Uint8Array | null;
};

export type SealedParts = { audienceSeq: number; sendCounter: number; parts: { deviceId: DeviceId; part: Uint8Array }[] };
/** One message on its way, in order. Once sealed its bytes never change; a changed audience seals it anew. */
export type OutboxRow = {
  order?: number;
  chatId: ChatId;
  messageId: MessageId;
  /** `void` spends the counter of a message that was taken back. */
  kind: "text" | "void";
  counter: number;
  createdAtMs: number;
  sealed: SealedParts | null;
  attempts: number;
};

export type DraftRow = { chatId: ChatId; text: string };

export class EngineDatabase extends Dexie {
  meta!: Table<MetaRow, keyof Meta>;
  secrets!: Table<SecretRow, [SecretKind, number]>;
  sessions!: Table<SessionRow, [UserId, DeviceId]>;
  firstMessages!: Table<FirstMessageRow, string>;
  contacts!: Table<ContactRow, UserId>;
  manifests!: Table<ManifestRow, [UserId, string]>;
  chats!: Table<ChatRow, ChatId>;
  messages!: Table<MessageRow, [ChatId, MessageId]>;
  outbox!: Table<OutboxRow, number>;
  drafts!: Table<DraftRow, ChatId>;
  ownSenderKeys!: Table<OwnSenderKeyRow, ChatId>;
  senderKeys!: Table<SenderKeyRow, [ChatId, UserId, DeviceId]>;

  constructor(name: string, options?: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }) {
    // NOTE: "strict" makes a commit wait for the disk: a ratchet that the disk forgot would use a key twice.
    // The cache would show writes before they are committed: views tell only what is stored.
    super(name, { ...options, chromeTransactionDurability: "strict", cache: "disabled" });
    this.version(1).stores({
      meta: "key",
      secrets: "[kind+keyId]",
      sessions: "[userId+deviceId]",
      firstMessages: "digest, signedPrekeyId",
      contacts: "userId",
      manifests: "[userId+hashBase64]",
      chats: "chatId, lastActivityMs",
      messages: "[chatId+messageId], [chatId+position]",
      outbox: "++order, chatId, [chatId+messageId]",
      drafts: "chatId",
    });
    this.version(2).stores({ ownSenderKeys: "chatId", senderKeys: "[chatId+userId+deviceId]" });
  }
}

/** Reads one meta value, undefined if it was never written. */
export async function readMeta<Key extends keyof Meta>(db: EngineDatabase, key: Key): Promise<Meta[Key] | undefined> {
  return (await db.meta.get(key))?.value as Meta[Key] | undefined;
}

export async function writeMeta<Key extends keyof Meta>(db: EngineDatabase, key: Key, value: Meta[Key]): Promise<void> {
  await db.meta.put({ key, value });
}
