/** Brings chats that the server names into the store: only those whose members their id proves, with the names that manifests prove. */
import type { ChatInfo, Entry } from "@/server/contract/chats";
import { fromBase64 } from "@/server/contract/encodings";
import type { ChatId, UserId } from "@/server/contract/ids";
import { type Audience, applyStatement, emptyAudience, type StatementEntry } from "@/server/contract/statements/audience";
import { membersFit } from "@/server/contract/statements/chat-id";
import { type ChatRow, readMeta } from "../storage/database";
import type { Api } from "../transport/api";
import { syncContact } from "./contacts";
import { type EngineContext, readSelf } from "./engine-context";

/** Asks for all chats and stores those that are new. Throws CallError. */
export async function refreshChats(ctx: EngineContext): Promise<void> {
  const { chats } = await ctx.api.call((c) => c.chats.list.query());
  for (const info of chats) await storeChat(ctx, info);
}

/** The chat from the store, else from the server; undefined when the server has none that this account is proven to be in. */
export async function ensureChat(ctx: EngineContext, chatId: ChatId): Promise<ChatRow | undefined> {
  const known = await ctx.db.chats.get(chatId);
  if (known) return known;
  await refreshChats(ctx);
  return ctx.db.chats.get(chatId);
}

/** Stores a chat as the server describes it, or brings its members' state up to date. Undefined if its members don't fit its id. */
export async function storeChat(ctx: EngineContext, info: ChatInfo): Promise<ChatRow | undefined> {
  const known = await ctx.db.chats.get(info.chatId);
  if (known) return updateChat(ctx, known, info);
  const self = await readSelf(ctx.db);
  const userIds = info.members.map((member) => member.userId);
  if (info.type !== "individual" || !membersFit(info.chatId, userIds) || !userIds.includes(self.userId)) return undefined;
  for (const userId of userIds) await syncContact(ctx, userId);
  const row = await newChatRow(ctx, info);
  if (!row) return undefined;
  return ctx.db.transaction("rw", ctx.db.chats, ctx.db.meta, async () => {
    if ((await readMeta(ctx.db, "account"))?.userId !== self.userId) return undefined; // signed out meanwhile
    const meanwhile = await ctx.db.chats.get(info.chatId);
    if (!meanwhile) await ctx.db.chats.put(row);
    return meanwhile ?? row;
  });
}

async function updateChat(ctx: EngineContext, known: ChatRow, info: ChatInfo): Promise<ChatRow> {
  const deleted = new Set(info.members.filter((member) => member.deleted).map((member) => member.userId));
  if (known.members.some((member) => deleted.has(member.userId) !== member.deleted)) {
    await ctx.db.chats.where({ chatId: known.chatId }).modify((row) => {
      row.members = row.members.map((member) => ({ ...member, deleted: deleted.has(member.userId) }));
    });
  }
  return known;
}

/** Undefined when an account of it has never proved itself. */
async function newChatRow(ctx: EngineContext, info: ChatInfo): Promise<ChatRow | undefined> {
  const userIds = info.members.map((member) => member.userId);
  const contacts = await ctx.db.contacts.bulkGet(userIds);
  // The server's word for a name is not enough: the account's own manifest says it.
  const members = info.members.flatMap(({ userId, deleted }, i) => {
    const username = contacts[i]?.username;
    return username === undefined ? [] : [{ userId, username, deleted }];
  });
  if (members.length < userIds.length) return undefined;
  const account = await readMeta(ctx.db, "account");
  const before = await statementsBefore(ctx.api, info);
  const audience = applyAll(emptyAudience(info.chatId, userIds), before);
  const watermarks = Object.fromEntries(info.watermarks.map(({ userId, ...mark }) => [userId, mark]));
  return {
    chatId: info.chatId,
    type: info.type,
    members,
    createdAtMs: info.createdAtMs,
    startSeq: info.startSeq,
    // More than statements lies before this device's time: people talked here, and the chat is listed although their words are gone.
    opened: before.length < info.startSeq,
    audience,
    audienceSeq: audience.seq,
    cursorSeq: info.startSeq,
    cursorMessageId: null,
    acknowledgedSeq: info.startSeq,
    lastSeq: info.lastSeq,
    // What is gone from before this device's time is no gap to it.
    floorSeq: Math.min(info.floorSeq, info.startSeq),
    watermarks,
    readSeq: Math.max(info.startSeq, (account && watermarks[account.userId]?.readSeq) ?? 0),
    readAcknowledgedSeq: info.startSeq,
    lastOwnSeq: 0,
    sendCounter: 0,
    contentCounter: 0,
    unread: 0,
    lastActivityMs: info.createdAtMs,
    lastMessageId: null,
  };
}

/** The audience that a device starts with: by the statements up to its first entry. Throws CallError. */
export async function audienceBefore(api: Api, chat: Pick<ChatInfo, "chatId" | "startSeq">, userIds: UserId[]): Promise<Audience> {
  return applyAll(emptyAudience(chat.chatId, userIds), await statementsBefore(api, chat));
}

/** The statements up to the one that this device starts with. The server hands them out in pages. Throws CallError. */
export async function statementsBefore(api: Api, { chatId, startSeq }: Pick<ChatInfo, "chatId" | "startSeq">): Promise<StatementEntry[]> {
  const all: Entry[] = [];
  for (let afterSeq = 0; afterSeq < startSeq; ) {
    const { entries } = await api.call((c) => c.chats.statements.query({ chatId, afterSeq }));
    const page = entries.filter((entry) => entry.seq > afterSeq);
    all.push(...page);
    // A page that brings nothing is the last.
    afterSeq = page.at(-1)?.seq ?? startSeq;
  }
  return all.filter((entry) => entry.seq <= startSeq).flatMap(statementOf);
}

/** The clear statement of a control or manifest entry; nothing for other kinds. */
export function statementOf(entry: Entry): StatementEntry[] {
  if ((entry.kind !== "control" && entry.kind !== "manifest") || entry.statementBase64 === null) return [];
  return [{ seq: entry.seq, kind: entry.kind, statement: fromBase64(entry.statementBase64) }];
}

function applyAll(audience: Audience, statements: StatementEntry[]): Audience {
  return statements.reduce((state, statement) => applyStatement(state, statement, noManifest).audience, audience);
}

/** Individual chats, the only ones here, ask for none. */
export const noManifest = () => null;
