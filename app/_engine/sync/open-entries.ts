/** Opens a run of entries of one chat, in memory, on copies. What it answers is stored by the inbox in one transaction.
 *  An entry that can't be opened becomes a placeholder and never holds up the ones behind it. */
import type { Entry } from "@/server/contract/chats";
import { fromBase64, uuidToBytes } from "@/server/contract/encodings";
import { type ChatId, MessageId } from "@/server/contract/ids";
import { constantTimeEqual, type IdentityPublicKey } from "@/server/contract/signatures";
import { applyStatement } from "@/server/contract/statements/audience";
import { decodeManifestEntry } from "@/server/contract/statements/manifest-entry";
import { type Content, decodeContent } from "../content/content";
import { checkHeader, type Header } from "../content/header";
import type { NoticeKind } from "../door";
import { decrypt, type Used } from "../signal/decrypt";
import { isFirstMessage } from "../signal/pqxdh";
import type { LocalDevice } from "../signal/session-state";
import { messageKey } from "../storage/chat-rows";
import type { ChatRow, FirstMessageRow, MessageRow, SecretKind } from "../storage/database";
import type { PeerDevice } from "../storage/sessions";
import { CallError } from "../transport/api";
import { type AudienceProof, proveAudience } from "./audience-proof";
import { noManifest, statementOf } from "./chat-store";
import { provenManifest, syncContact } from "./contacts";
import { type EngineContext, readSelf, type Self } from "./engine-context";
import { isStorageFailure } from "./guarded-task";
import { openLocalDevice, openPrekeyring, type Prekeyring } from "./keyring";
import { createSessionCache, type SessionCache } from "./session-cache";

export type Opened = {
  /** Where the chat's cursor stood. */
  fromSeq: number;
  /** The chat with cursor and audience moved to the last of the entries. */
  chat: ChatRow;
  sessions: SessionCache;
  messages: MessageRow[];
  ownEntries: { chatId: ChatId; messageId: MessageId; seq: number; sentAtMs: number }[];
  usedPrekeys: [SecretKind, number][];
  firstMessages: FirstMessageRow[];
};

type Work = Opened & {
  ctx: EngineContext;
  self: Self;
  local: LocalDevice;
  prekeys: Prekeyring;
  audience: AudienceProof;
  /** The server keeps only statements up to here. */
  floorSeq: number;
};

/** `entries`: ascending, above the chat's cursor. `floorSeq`: up to where the server lets messages go. `passesFloor`: nothing up to there
 *  comes any more, so the cursor moves at least that far. Throws CallError when the server is needed and doesn't answer. */
export async function openEntries(
  ctx: EngineContext,
  chat: ChatRow,
  entries: Entry[],
  { floorSeq, passesFloor }: { floorSeq: number; passesFloor: boolean } = { floorSeq: chat.floorSeq, passesFloor: false },
): Promise<Opened> {
  const self = await readSelf(ctx.db);
  const known = await ctx.db.messages.bulkGet(entries.map((entry) => messageKey(chat.chatId, entry.messageId)));
  const work: Work = {
    ctx,
    self,
    local: await openLocalDevice(ctx),
    prekeys: await openPrekeyring(ctx, entries.some(isFirstMessageEntry)),
    audience: await proveAudience(ctx.db, chat.audience),
    floorSeq,
    fromSeq: chat.cursorSeq,
    chat: { ...chat },
    sessions: createSessionCache(ctx.db, ctx.wrapping),
    messages: [],
    ownEntries: [],
    usedPrekeys: [],
    firstMessages: [],
  };
  for (const [i, entry] of entries.entries()) {
    noteMissing(work, entry);
    const isGenuine = isPossible(work, entry, known[i]);
    if (isGenuine) await openEntry(work, entry, known[i]);
    else pushGap(work, entry);
    work.chat = { ...work.chat, cursorSeq: entry.seq, cursorMessageId: isGenuine ? entry.messageId : null };
  }
  if (passesFloor && work.chat.cursorSeq < floorSeq) {
    pushGone(work, ctx.now());
    work.chat = { ...work.chat, cursorSeq: floorSeq, cursorMessageId: null };
  }
  return work;
}

/** What is missing before an entry: gone with time up to the floor, held back above it. */
function noteMissing(work: Work, entry: Entry): void {
  const { cursorSeq } = work.chat;
  if (entry.seq === cursorSeq + 1) return;
  if (cursorSeq < work.floorSeq) pushGone(work, entry.sentAtMs);
  if (entry.seq > Math.max(cursorSeq, work.floorSeq) + 1) pushGap(work, entry);
}

/** Whether an honest server could hand this out: an id of the right form (notices have ids of their own), which nothing else has in this log
 *  or in this run. */
function isPossible(work: Work, entry: Entry, known: MessageRow | undefined): boolean {
  if (!MessageId.safeParse(entry.messageId).success) return false;
  if (work.messages.some(({ messageId }) => messageId === entry.messageId)) return false;
  if (!known) return true;
  const isSameSender = known.senderUserId === entry.senderId && (known.own || known.senderDeviceId === entry.senderDeviceId);
  return isSameSender && entry.kind === "message";
}

function isFirstMessageEntry({ partBase64 }: Entry): boolean {
  return partBase64 !== null && isFirstMessage(fromBase64(partBase64.slice(0, 4)));
}

async function openEntry(work: Work, entry: Entry, known: MessageRow | undefined): Promise<void> {
  switch (entry.kind) {
    case "manifest":
    case "control":
      return openStatement(work, entry);
    case "message":
    case "device":
      if (entry.senderDeviceId === work.self.deviceId && entry.senderId === work.self.userId) {
        const { chatId } = work.chat;
        work.ownEntries.push({ chatId, messageId: entry.messageId, seq: entry.seq, sentAtMs: entry.sentAtMs });
        return;
      }
      if (known) {
        // Opened before, in a log that went back: only its place is new.
        work.messages.push({ ...known, seq: entry.seq, position: entry.seq });
        return;
      }
      return openMessage(work, entry).catch((error: unknown) => {
        // One entry that can't be taken, whatever the reason, never holds up the ones behind it.
        if (error instanceof CallError || isStorageFailure(error)) throw error;
        pushWaiting(work, entry, entry.partBase64 === null ? null : fromBase64(entry.partBase64));
      });
  }
}

async function openStatement(work: Work, entry: Entry): Promise<void> {
  const [statement] = statementOf(entry);
  if (!statement) return;
  const named = decodeManifestEntry(statement.statement);
  if (named && !(await provenManifest(work.ctx.db, named))) await syncContact(work.ctx, named.userId);
  const applied = applyStatement(work.chat.audience, statement, noManifest);
  work.chat = { ...work.chat, audience: applied.audience, audienceSeq: applied.audience.seq };
  work.audience = await proveAudience(work.ctx.db, applied.audience);
  if (!applied.ok && applied.reason !== "seq_not_higher") pushNotice(work, entry, "audience_differs", named?.userId ?? entry.senderId);
  if (!named) return;
  const manifest = await provenManifest(work.ctx.db, named);
  if (!manifest) pushNotice(work, entry, "audience_differs", named.userId);
  else if (manifest.change && named.userId !== work.self.userId) pushNotice(work, entry, manifest.change, named.userId);
}

async function openMessage(work: Work, entry: Entry): Promise<void> {
  const peer: PeerDevice = { userId: entry.senderId, deviceId: entry.senderDeviceId };
  const identityKey = work.audience.identityKeyOf(peer);
  const part = entry.partBase64 === null ? null : fromBase64(entry.partBase64);
  if (!identityKey || part === null) return pushWaiting(work, entry, part);
  await work.sessions.load([peer]);
  const opened = decrypt({
    local: work.local,
    remote: {
      userId: uuidToBytes(peer.userId),
      deviceId: uuidToBytes(peer.deviceId),
      identityKey: identityKey as IdentityPublicKey,
    },
    record: work.sessions.get(peer),
    message: part,
    prekeys: work.prekeys.lookups,
    seenFirstMessages: (digest) => work.prekeys.hasSeen(digest) || work.firstMessages.some((row) => row.digest === digest),
  });
  if (!opened.ok) return pushWaiting(work, entry, part);
  const content = decodeContent(opened.plaintext);
  const expected = { chatId: work.chat.chatId, messageId: entry.messageId, senderUserId: peer.userId, senderDeviceId: peer.deviceId };
  const place = { chatType: work.chat.type, entryKind: entry.kind, path: "pairwise" } as const;
  // A frame or header that is not right: nothing of the entry is stored, the ratchet's step included.
  if (!content.ok || !checkHeader(content.header, { ...expected, ...place }).ok) return pushWaiting(work, entry, part);
  work.sessions.set(peer, opened.record);
  noteUsedKeys(work, opened.used);
  takeContent(work, entry, content.header, content.content);
}

function noteUsedKeys(work: Work, used: Used): void {
  if (used.oneTimePrekeyId) work.usedPrekeys.push(["one_time", used.oneTimePrekeyId]);
  if (used.kemOneTimeId) work.usedPrekeys.push(["kem_one_time", used.kemOneTimeId]);
  work.prekeys.forget(used);
  if (used.firstMessageDigest && used.signedPrekeyId) {
    work.firstMessages.push({ digest: used.firstMessageDigest, signedPrekeyId: used.signedPrekeyId, seenAtMs: work.ctx.now() });
  }
}

function takeContent(work: Work, entry: Entry, header: Header, content: Content): void {
  const expected = work.audience.hash;
  if (!expected || !constantTimeEqual(header.audienceHash, expected)) pushNotice(work, entry, "audience_differs", entry.senderId);
  if (content.kind === "void" || entry.kind !== "message") return;
  const row = baseRow(work, entry);
  if (content.kind === "text") work.messages.push({ ...row, counter: header.counter, body: { kind: "text", text: content.text } });
  else work.messages.push({ ...row, counter: header.counter, body: { kind: "unsupported" }, kept: content.raw });
}

function baseRow(work: Work, entry: Entry): MessageRow {
  return {
    chatId: work.chat.chatId,
    messageId: entry.messageId,
    position: entry.seq,
    seq: entry.seq,
    senderUserId: entry.senderId,
    senderDeviceId: entry.senderDeviceId,
    own: entry.senderId === work.self.userId,
    sentAtMs: entry.sentAtMs,
    receivedAtMs: work.ctx.now(),
    counter: 0,
    body: { kind: "waiting" },
    failure: null,
    kept: null,
  };
}

function pushWaiting(work: Work, entry: Entry, part: Uint8Array | null): void {
  if (entry.kind !== "message") return; // what devices tell each other is never shown
  work.messages.push({ ...baseRow(work, entry), kept: part });
}

/** A line in the log, beside the entry that caused it. */
function pushNotice(work: Work, entry: Entry, notice: NoticeKind, subjectUserId: string): void {
  const subject = work.chat.members.find((member) => member.userId === subjectUserId)?.username;
  work.messages.push({
    ...baseRow(work, entry),
    messageId: noticeId(entry.messageId, notice),
    own: false,
    body: { kind: "notice", notice, ...(subject && { subject }) },
  });
}

function pushGap(work: Work, entry: Entry): void {
  const row = baseRow(work, entry);
  work.messages.push({ ...row, messageId: noticeId(entry.messageId, "gap"), own: false, body: { kind: "notice", notice: "gap" } });
}

/** One gap for all that is gone up to the floor, however many statements lie between: it has one id, so the last one told stays. */
function pushGone(work: Work, sentAtMs: number): void {
  if (work.floorSeq <= work.chat.floorSeq) return; // told when the floor rose that far
  const { chatId } = work.chat;
  work.messages.push({
    chatId,
    messageId: noticeId(`${chatId}:${work.floorSeq}` as MessageId, "gap"),
    position: work.floorSeq,
    seq: work.floorSeq,
    senderUserId: work.self.userId,
    senderDeviceId: null,
    own: false,
    sentAtMs,
    receivedAtMs: work.ctx.now(),
    counter: 0,
    body: { kind: "notice", notice: "gap" },
    failure: null,
    kept: null,
  });
}

/** An entry can have a message and notices: they need ids of their own, the same each time. */
function noticeId(messageId: MessageId, notice: NoticeKind): MessageId {
  return `${messageId}:${notice}` as MessageId;
}
