/** What the interface (or any program) may ask of the engine, and what it sees. Plain values only: they cross a worker's border.
 *  Nothing here knows keys, ciphertext or the database. */
import type { InviteInfo, ServerInfo, SessionInfo } from "@/server/contract/accounts";
import type { ErrorCode, ErrorDetails } from "@/server/contract/errors";
import type { ChatId, DeviceId, MessageId, UserId } from "@/server/contract/ids";
import type { Privacy } from "@/server/contract/presence";

/** Why a command did nothing. Server codes, plus what only a device can know. */
export type FailureCode =
  | ErrorCode
  /** The server did not answer: nothing was changed there, or it is not known. */
  | "offline"
  /** The recovery key has a typing error, or is another account's. */
  | "wrong_recovery_key"
  /** The contact's keys changed and the person has not accepted that yet. */
  | "key_changed"
  /** The browser refused to store: quota or private mode. */
  | "storage_failed"
  /** Another browser tab or page owns the keys and does not answer. */
  | "busy";
export type Outcome<T> = { ok: true; value: T } | ({ ok: false; code: FailureCode } & ErrorDetails);

export type AccountView =
  /** The store is being opened, or the server is asked who we are. */
  | { phase: "starting" }
  /** WebCrypto, IndexedDB or Web Locks are missing: say why and what to do. */
  | { phase: "unsupported"; reason: "insecure_origin" | "no_indexeddb" | "no_web_locks" }
  | { phase: "signed_out"; server: ServerInfo | null }
  /** Signed in, but this browser has no keys and the account has devices elsewhere (or had). */
  | { phase: "needs_keys"; username: string; isAdmin: boolean }
  /** Keys are here but the sign-in ended (expired or revoked): reading works, sending waits for the password. */
  | { phase: "sign_in_again"; userId: UserId; username: string }
  /** Recovery key not yet confirmed as saved, if `recoveryKeyPending`; `remindAtMs` says when to ask again. */
  | {
      phase: "ready";
      userId: UserId;
      username: string;
      deviceId: DeviceId;
      isAdmin: boolean;
      recoveryKeyPending: boolean;
      remindAtMs: number;
    };

export type ConnectionView = {
  /** `online`: socket up. `polling`: real-time blocked, pulling works. `connecting`: first seconds. `offline`: nothing answers. */
  state: "connecting" | "online" | "polling" | "offline" | "unavailable";
  /** Local storage refused the last write. */
  storageFailed: boolean;
};

export type MessageStatus = "waiting" | "sent" | "delivered" | "read" | "failed";
export type NoticeKind =
  /** Always first in a chat. */
  | "encryption"
  /** New account key, confirmed by the recovery key: told, nothing is held. */
  | "key_rotated"
  /** New account key without that: sending is held until accepted. */
  | "key_changed"
  | "device_added"
  | "device_removed"
  /** Messages that the server did not hand out, or no longer has. */
  | "gap"
  /** The sender saw other devices in this chat than we do. */
  | "audience_differs";

export type MessageView = {
  messageId: MessageId;
  /** Undefined until the server put it in order. */
  seq?: number;
  own: boolean;
  senderUserId: UserId;
  senderName: string;
  /** When the server took it; until then, when it was written by this device's clock. */
  sentAtMs: number;
  body:
    | { kind: "text"; text: string }
    | { kind: "notice"; notice: NoticeKind; subject?: string }
    /** Can't be decrypted (yet). */
    | { kind: "waiting" }
    /** A kind that this version does not know. */
    | { kind: "unsupported" };
  /** Own messages only. */
  status?: MessageStatus;
  failure?: FailureCode;
};

export type KeyState = "unverified" | "verified" | "changed";

export type ChatListItem = {
  chatId: ChatId;
  type: "individual" | "group";
  /** The peer's user name; the person's own for the note-to-self chat. */
  title: string;
  self: boolean;
  keyState: KeyState;
  last?: MessageView;
  lastActivityMs: number;
  unread: number;
  draft: string;
};

export type ConversationView = {
  chat: ChatListItem;
  /** Oldest first; messages without a seq come last, in the order they were written. */
  messages: MessageView[];
  hasOlder: boolean;
  /** How far this person has read, before anything shown now is marked. */
  readSeq: number;
  lastSeq: number;
};

/** How the other person of a chat stands, and who is typing in it. */
export type PresenceView = {
  /** `hidden`: not shared, or not known right now. */
  state: "online" | "offline" | "hidden";
  /** Of who is offline: when they were last here, in whole minutes; absent if never. */
  lastSeenMs?: number;
  /** User names, in the order in which they began. */
  typing: string[];
};

/** Live queries: the listener is called with each new state. */
export type Views = {
  account: { args: Record<string, never>; view: AccountView };
  connection: { args: Record<string, never>; view: ConnectionView };
  chatList: { args: Record<string, never>; view: ChatListItem[] };
  /** The newest `limit` messages; null while unknown or when there is no such chat. */
  conversation: { args: { chatId: ChatId; limit: number }; view: ConversationView | null };
  /** The chat counts as on screen while this is watched: only then is anything known. */
  presence: { args: { chatId: ChatId }; view: PresenceView };
  /** What the account shares, the same on all its devices; null while that is not known. */
  privacy: { args: Record<string, never>; view: Privacy | null };
};
export type ViewName = keyof Views;

export type Commands = {
  /** Creates the account, its keys and this device; answers with the recovery key (52 + 2 characters in groups of 4 or fewer). */
  signUp(input: { username: string; password: string; invite?: string }): Promise<Outcome<{ recoveryKey: string }>>;
  signIn(input: { username: string; password: string }): Promise<Outcome<null>>;
  /** Signs this device out of the account's manifest, ends the session and deletes everything stored here. */
  signOut(input: Record<string, never>): Promise<Outcome<null>>;
  /** Makes this browser a device of an account whose devices are lost, with new account keys that contacts see as confirmed. */
  restore(input: { recoveryKey: string }): Promise<Outcome<{ recoveryKey: string }>>;
  /** The same without the recovery key: contacts are warned and have to accept. */
  resetKeys(input: { password: string }): Promise<Outcome<{ recoveryKey: string }>>;
  /** The recovery key while it is still kept here, else null. */
  showRecoveryKey(input: Record<string, never>): Promise<Outcome<{ recoveryKey: string | null }>>;
  /** The person saved it: it is deleted from this device. */
  confirmRecoveryKey(input: Record<string, never>): Promise<Outcome<null>>;
  remindOfRecoveryKey(input: { atMs: number }): Promise<Outcome<null>>;
  changePassword(input: { currentPassword: string; newPassword: string; endOtherSessions: boolean }): Promise<Outcome<null>>;
  deleteAccount(input: { password: string }): Promise<Outcome<null>>;
  listSessions(input: Record<string, never>): Promise<Outcome<SessionInfo[]>>;
  revokeSession(input: { sessionId: string }): Promise<Outcome<null>>;
  listInvites(input: Record<string, never>): Promise<Outcome<InviteInfo[]>>;
  createInvite(input: { validDays: number }): Promise<Outcome<InviteInfo>>;

  /** Finds a person by exact user name and opens the chat with them. `not_found` if there is none. */
  openChat(input: { username: string }): Promise<Outcome<{ chatId: ChatId }>>;
  /** Answers once the message is stored on this device; the rest shows as its status. */
  sendText(input: { chatId: ChatId; text: string }): Promise<Outcome<{ messageId: MessageId }>>;
  retryMessage(input: { chatId: ChatId; messageId: MessageId }): Promise<Outcome<null>>;
  /** Takes back a message that was not sent. */
  discardMessage(input: { chatId: ChatId; messageId: MessageId }): Promise<Outcome<null>>;
  setDraft(input: { chatId: ChatId; text: string }): Promise<Outcome<null>>;
  /** Everything up to `seq` was visible in a focused window. */
  markRead(input: { chatId: ChatId; seq: number }): Promise<Outcome<null>>;
  /** This person types in the chat, or let it be. Call it for every key: how often others are told is decided here. */
  setTyping(input: { chatId: ChatId; typing: boolean }): Promise<Outcome<null>>;
  /** Changes what is given, for all devices of the account. Each setting goes both ways: who does not share is not told. */
  setPrivacy(input: Partial<Privacy>): Promise<Outcome<null>>;
  /** 60 digits, the same on both sides while nobody stands in between. */
  safetyNumber(input: { chatId: ChatId }): Promise<Outcome<{ digits: string; keyState: KeyState }>>;
  /** `digits`: the number that was compared; `key_changed` when it is not the number any more. */
  setVerified(input: { chatId: ChatId; verified: true; digits: string } | { chatId: ChatId; verified: false }): Promise<Outcome<null>>;
  /** Goes on with a contact whose keys changed. Messages that waited stay unsent until retried one by one. */
  acceptKeyChange(input: { chatId: ChatId }): Promise<Outcome<null>>;
};

export type Engine = {
  commands: Commands;
  /** Calls `listener` with the present view and with each later one. Returns a function that ends it. */
  watch<Name extends ViewName>(name: Name, args: Views[Name]["args"], listener: (view: Views[Name]["view"]) => void): () => void;
};
