/** Encrypts waiting messages for every device of the audience, and commits ciphertext and ratchets together. */
import type { PrekeyBundle } from "@/server/contract/devices";
import { fromBase64, toBase64, uuidToBytes } from "@/server/contract/encodings";
import type { ChatId } from "@/server/contract/ids";
import type { IdentityPublicKey } from "@/server/contract/signatures";
import { encodeContent } from "../content/content";
import { encrypt } from "../signal/encrypt";
import type { LocalDevice, RemoteDevice, SessionRecord } from "../signal/session-state";
import { startSession } from "../signal/start-session";
import { messageKey } from "../storage/chat-rows";
import type { ChatRow, OutboxRow, SealedParts } from "../storage/database";
import { putSessions } from "../storage/sessions";
import { CallError } from "../transport/api";
import { type AudienceDevice, type AudienceProof, proveAudience } from "./audience-proof";
import { type EngineContext, readSelf, type Self } from "./engine-context";
import { openLocalDevice } from "./keyring";
import type { Leadership } from "./leadership";
import { Postponed } from "./postponed";
import { createSessionCache, type SessionCache } from "./session-cache";

type Row = OutboxRow & { order: number };
type Sealed = Row & { sealed: SealedParts };
export type Sealing =
  | { state: "sealed"; rows: Sealed[] }
  /** A member's account key changed and the person has not accepted it: nothing is encrypted. */
  | { state: "held" }
  /** Nobody but this account is left in the chat. */
  | { state: "gone" }
  /** A member's manifest is not known yet, or not the one that this device believes: pull first. */
  | { state: "audience_unknown" };

type Work = { ctx: EngineContext; self: Self; local: LocalDevice; chat: ChatRow; audience: AudienceProof; sessions: SessionCache };
/** Runs a task while nobody else opens or seals: the same ratchets serve both. */
export type Exclusively = <T>(task: () => Promise<T>) => Promise<T>;

/** `rows`: of one chat, in order. Those sealed for the present audience keep their bytes. Throws CallError, LostLeadership, StaleSession. */
export async function sealRows(
  ctx: EngineContext,
  leadership: Leadership,
  chatId: ChatId,
  rows: Row[],
  exclusively: Exclusively = (task) => task(),
): Promise<Sealing> {
  const before = await judge(ctx, chatId, rows);
  if ("state" in before) return before;
  // Asked for outside: reading must not wait for the network.
  const bundles = await claimMissing(await openWork(ctx, before));
  return exclusively(async () => {
    const judged = await judge(ctx, chatId, rows);
    if ("state" in judged) return judged;
    const work = await openWork(ctx, judged);
    const reached = openSessions(work, bundles);
    let { sendCounter } = judged.chat;
    const fresh: Sealed[] = [];
    for (const row of judged.open) {
      sendCounter += 1;
      fresh.push({ ...row, sealed: { audienceSeq: judged.chat.audienceSeq, sendCounter, parts: await sealRow(work, row, reached) } });
    }
    await commit(work, leadership, fresh, sendCounter);
    return { state: "sealed", rows: [...judged.sealed, ...fresh].sort((a, b) => a.order - b.order) };
  });
}

type Judged = { chat: ChatRow; self: Self; audience: AudienceProof; sealed: Sealed[]; open: Row[] };

/** Whether there is something to seal, and for whom. */
async function judge(ctx: EngineContext, chatId: ChatId, rows: Row[]): Promise<Sealing | Judged> {
  const chat = await ctx.db.chats.get(chatId);
  if (!chat) throw new CallError("not_found");
  const self = await readSelf(ctx.db);
  const trust = await trustIn(ctx, chat, self);
  if (trust === "held") {
    // What was sealed for the key that the person believed may be on the server already: only its answer tells.
    const sent = rows.filter((row): row is Sealed => row.sealed !== null);
    return sent.length > 0 ? { state: "sealed", rows: sent } : { state: "held" };
  }
  const others = chat.members.filter((member) => member.userId !== self.userId);
  if (others.length > 0 && others.every((member) => member.deleted)) return { state: "gone" };
  const audience = await proveAudience(ctx.db, chat.audience);
  if (trust === "unknown" || !audience.hash) return { state: "audience_unknown" };
  const sealed = rows.filter((row): row is Sealed => row.sealed?.audienceSeq === chat.audienceSeq);
  const open = rows.filter((row) => row.sealed?.audienceSeq !== chat.audienceSeq);
  return open.length === 0 ? { state: "sealed", rows: sealed } : { chat, self, audience, sealed, open };
}

/** The log says which manifest counts, but only what this device believes of the account is encrypted to: the server writes the log. */
async function trustIn(ctx: EngineContext, chat: ChatRow, self: Self): Promise<"held" | "unknown" | "same"> {
  let trust: "unknown" | "same" = "same";
  for (const { userId, manifest } of chat.audience.members) {
    const contact = await ctx.db.contacts.get(userId);
    if (contact?.candidate && userId !== self.userId) return "held";
    if (!contact || !manifest || toBase64(manifest.hash) !== toBase64(contact.pin.hash)) trust = "unknown";
  }
  return trust;
}

async function openWork(ctx: EngineContext, { chat, self, audience }: Judged): Promise<Work> {
  const sessions = createSessionCache(ctx.db, ctx.wrapping);
  await sessions.load(peersIn(audience, self));
  return { ctx, self, local: await openLocalDevice(ctx), chat, audience, sessions };
}

const peersIn = (audience: AudienceProof, self: Self) => audience.devices.filter((device) => device.deviceId !== self.deviceId);

/** Bundles for the devices that have no session. */
async function claimMissing(work: Work): Promise<PrekeyBundle[]> {
  const missing = peersIn(work.audience, work.self).filter((device) => needsSession(work, device));
  const bundles: PrekeyBundle[] = [];
  for (const userId of new Set(missing.map((device) => device.userId))) {
    const deviceIds = missing.filter((device) => device.userId === userId).map((device) => device.deviceId);
    bundles.push(...(await work.ctx.api.call((c) => c.keys.claim.mutate({ userId, deviceIds }))).bundles);
  }
  return bundles;
}

/** Makes sure that there is a session with each device; answers with those that can be reached.
 *  A device without a valid bundle gets no part: it asks for the message itself, once it can. */
function openSessions(work: Work, bundles: PrekeyBundle[]): AudienceDevice[] {
  const reached = peersIn(work.audience, work.self).filter((device) => !needsSession(work, device) || startWith(work, device, bundles));
  const others = work.chat.members.filter((member) => member.userId !== work.self.userId && !member.deleted);
  // A person of whom no device can be reached (all signed out, or no prekeys) would never see it: wait until there is one.
  if (others.some(({ userId }) => !reached.some((device) => device.userId === userId))) throw new Postponed(UNREACHABLE_RETRY_MS);
  return reached;
}

const UNREACHABLE_RETRY_MS = 30_000;

const PROBE = new Uint8Array(0);

/** Asks the protocol on a copy: only it knows when a session is spent or too old. */
function needsSession(work: Work, device: AudienceDevice): boolean {
  const record = work.sessions.get(device);
  return !encrypt({ remote: remote(device), record, plaintext: PROBE, nowMs: work.ctx.now(), random: work.ctx.random }).ok;
}

/** Whether a session could be started with one of the bundles. */
function startWith(work: Work, device: AudienceDevice, bundles: PrekeyBundle[]): boolean {
  const bundle = bundles.find((one) => one.deviceId === device.deviceId);
  if (!bundle) return false;
  const oneTime = bundle.oneTimePrekey;
  const started = startSession({
    local: work.local,
    remote: remote(device),
    bundle: {
      signedPrekey: fromJson(bundle.signedPrekey),
      oneTimePrekey: oneTime && { keyId: oneTime.keyId, publicKey: fromBase64(oneTime.publicKeyBase64) },
      kemPrekey: { ...fromJson(bundle.kemPrekey), isLastResort: bundle.kemIsLastResort },
    },
    record: work.sessions.get(device),
    nowMs: work.ctx.now(),
    random: work.ctx.random,
  });
  if (started.ok) work.sessions.set(device, started.record);
  return started.ok;
}

function fromJson(key: { keyId: number; createdAtMs: number; publicKeyBase64: string; signatureBase64: string }) {
  const { keyId, createdAtMs } = key;
  return { keyId, createdAtMs, publicKey: fromBase64(key.publicKeyBase64), signature: fromBase64(key.signatureBase64) };
}

function remote(device: AudienceDevice): RemoteDevice {
  const identityKey = device.identityKey as IdentityPublicKey;
  return { userId: uuidToBytes(device.userId), deviceId: uuidToBytes(device.deviceId), identityKey };
}

async function sealRow(work: Work, row: Row, devices: AudienceDevice[]): Promise<SealedParts["parts"]> {
  const plaintextFor = await contentOf(work, row);
  return devices.map((device) => {
    const record = work.sessions.get(device);
    const sealed = encrypt({
      remote: remote(device),
      record,
      plaintext: plaintextFor(),
      nowMs: work.ctx.now(),
      random: work.ctx.random,
    });
    if (!sealed.ok) throw new Error(`no session after it was opened: ${sealed.reason}`);
    work.sessions.set(device, sealed.record as SessionRecord);
    return { deviceId: device.deviceId, part: sealed.message };
  });
}

/** Each part gets a frame of its own: the random prefix is never shared. */
async function contentOf(work: Work, row: Row): Promise<() => Uint8Array> {
  const { chat, self, ctx } = work;
  const message = await ctx.db.messages.get(messageKey(row.chatId, row.messageId));
  const header = {
    chatId: chat.chatId,
    messageId: row.messageId,
    senderUserId: self.userId,
    senderDeviceId: self.deviceId,
    audienceHash: work.audience.hash as Uint8Array,
    counter: row.counter,
    sentAtMs: row.createdAtMs,
  };
  if (row.kind === "text" && message?.body.kind === "text") {
    const { text } = message.body;
    return () => encodeContent({ header: { ...header, kind: "text" }, body: { text }, random: ctx.random });
  }
  return () => encodeContent({ header: { ...header, kind: "void" }, body: {}, random: ctx.random });
}

async function commit(work: Work, leadership: Leadership, rows: Sealed[], sendCounter: number): Promise<void> {
  const { db } = work.ctx;
  const sessionRows = await work.sessions.rows();
  await db.transaction("rw", [db.meta, db.sessions, db.outbox, db.chats], async () => {
    await leadership.check();
    await putSessions(db, sessionRows);
    for (const row of rows) {
      // Taken back meanwhile: its bytes must not bring it back.
      const changed = await db.outbox.update(row.order, { sealed: row.sealed });
      if (changed === 0) throw new CallError("unavailable", { reason: "outbox changed" });
    }
    await db.chats.where({ chatId: work.chat.chatId }).modify({ sendCounter });
  });
}
