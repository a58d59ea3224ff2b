/** Encrypts waiting messages for every device of the audience, and commits ciphertext and ratchets together. */
import { fromBase64, uuidToBytes } from "@/server/contract/encodings";
import type { ChatId, DeviceId, UserId } from "@/server/contract/ids";
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
  /** A member's manifest is not known yet: pull first. */
  | { state: "audience_unknown" };

type Work = { ctx: EngineContext; self: Self; local: LocalDevice; chat: ChatRow; audience: AudienceProof; sessions: SessionCache };

/** `rows`: of one chat, in order. Those sealed for the present audience keep their bytes. Throws CallError, LostLeadership, StaleSession. */
export async function sealRows(ctx: EngineContext, leadership: Leadership, chatId: ChatId, rows: Row[]): Promise<Sealing> {
  const chat = await ctx.db.chats.get(chatId);
  if (!chat) throw new CallError("not_found");
  if (await isHeld(ctx, chat)) return { state: "held" };
  const audience = await proveAudience(ctx.db, chat.audience);
  if (!audience.hash) return { state: "audience_unknown" };
  const sealed = rows.filter((row): row is Sealed => row.sealed?.audienceSeq === chat.audienceSeq);
  const open = rows.filter((row) => row.sealed?.audienceSeq !== chat.audienceSeq);
  if (open.length === 0) return { state: "sealed", rows: sealed };
  const self = await readSelf(ctx.db);
  const sessions = createSessionCache(ctx.db, ctx.wrapping);
  const work: Work = { ctx, self, local: await openLocalDevice(ctx), chat, audience, sessions };
  const devices = audience.devices.filter((device) => device.deviceId !== self.deviceId);
  await sessions.load(devices);
  const reached = await openSessions(work, devices);
  let { sendCounter } = chat;
  const fresh: Sealed[] = [];
  for (const row of open) {
    sendCounter += 1;
    fresh.push({ ...row, sealed: { audienceSeq: chat.audienceSeq, sendCounter, parts: await sealRow(work, row, reached) } });
  }
  await commit(work, leadership, fresh, sendCounter);
  return { state: "sealed", rows: [...sealed, ...fresh].sort((a, b) => a.order - b.order) };
}

async function isHeld(ctx: EngineContext, chat: ChatRow): Promise<boolean> {
  const contacts = await ctx.db.contacts.bulkGet(chat.members.map((member) => member.userId));
  return contacts.some((contact) => contact?.candidate);
}

/** Makes sure that there is a session with each device; answers with those that can be reached.
 *  A device without a valid bundle gets no part: it asks for the message itself, once it can. */
async function openSessions(work: Work, devices: AudienceDevice[]): Promise<AudienceDevice[]> {
  const missing = devices.filter((device) => needsSession(work, device));
  const started = new Set<DeviceId>();
  for (const userId of new Set(missing.map((device) => device.userId))) {
    const wanted = missing.filter((device) => device.userId === userId);
    for (const deviceId of await startSessions(work, userId, wanted)) started.add(deviceId);
  }
  const reached = devices.filter((device) => !missing.includes(device) || started.has(device.deviceId));
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

async function startSessions(work: Work, userId: UserId, devices: AudienceDevice[]): Promise<DeviceId[]> {
  const deviceIds = devices.map((device) => device.deviceId);
  const { bundles } = await work.ctx.api.call((c) => c.keys.claim.mutate({ userId, deviceIds }));
  const started: DeviceId[] = [];
  for (const bundle of bundles) {
    const device = devices.find((one) => one.deviceId === bundle.deviceId);
    if (!device) continue;
    const result = startSession({
      local: work.local,
      remote: remote(device),
      bundle: {
        signedPrekey: fromJson(bundle.signedPrekey),
        oneTimePrekey: bundle.oneTimePrekey && {
          keyId: bundle.oneTimePrekey.keyId,
          publicKey: fromBase64(bundle.oneTimePrekey.publicKeyBase64),
        },
        kemPrekey: { ...fromJson(bundle.kemPrekey), isLastResort: bundle.kemIsLastResort },
      },
      record: work.sessions.get(device),
      nowMs: work.ctx.now(),
      random: work.ctx.random,
    });
    if (!result.ok) continue;
    work.sessions.set(device, result.record);
    started.push(device.deviceId);
  }
  return started;
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
