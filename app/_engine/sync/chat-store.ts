/** Brings chats that the server names into the store: only those whose members their id proves, with the names that manifests prove. */
import type { ChatInfo, Entry } from "@/server/contract/chats";
import { fromBase64 } from "@/server/contract/encodings";
import type { ChatId } from "@/server/contract/ids";
import { type Audience, applyStatement, emptyAudience, type StatementEntry } from "@/server/contract/statements/audience";
import { membersFit } from "@/server/contract/statements/chat-id";
import { type ChatRow, readMeta } from "../storage/database";
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
  return ctx.db.transaction("rw", ctx.db.chats, async () => {
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

async function newChatRow(ctx: EngineContext, info: ChatInfo): Promise<ChatRow> {
  const members = await Promise.all(info.members.map((member) => provenMember(ctx, member)));
  const account = await readMeta(ctx.db, "account");
  const before = info.startSeq > 0 ? await statementsBefore(ctx, info) : [];
  const audience = applyAll(
    emptyAudience(
      info.chatId,
      members.map((member) => member.userId),
    ),
    before,
  );
  const watermarks = Object.fromEntries(info.watermarks.map(({ userId, ...mark }) => [userId, mark]));
  return {
    chatId: info.chatId,
    type: info.type,
    members,
    createdAtMs: info.createdAtMs,
    opened: false,
    audience,
    audienceSeq: audience.seq,
    cursorSeq: info.startSeq,
    cursorMessageId: null,
    acknowledgedSeq: info.startSeq,
    lastSeq: info.lastSeq,
    floorSeq: info.floorSeq,
    watermarks,
    readSeq: Math.max(info.startSeq, (account && watermarks[account.userId]?.readSeq) ?? 0),
    readAcknowledgedSeq: info.startSeq,
    sendCounter: 0,
    contentCounter: 0,
    unread: 0,
    lastActivityMs: info.createdAtMs,
    lastMessageId: null,
  };
}

/** The server's word for a name is not enough: the account's own manifest says it. */
async function provenMember(ctx: EngineContext, member: ChatInfo["members"][number]): Promise<ChatRow["members"][number]> {
  const contact = await ctx.db.contacts.get(member.userId);
  return { userId: member.userId, username: contact?.username ?? member.username, deleted: member.deleted };
}

async function statementsBefore(ctx: EngineContext, info: ChatInfo): Promise<StatementEntry[]> {
  const { entries } = await ctx.api.call((c) => c.chats.statements.query({ chatId: info.chatId, afterSeq: 0 }));
  return entries.filter((entry) => entry.seq <= info.startSeq).flatMap(statementOf);
}

/** The clear statement of a control or manifest entry; nothing for other kinds. */
export function statementOf(entry: Entry): StatementEntry[] {
  if ((entry.kind !== "control" && entry.kind !== "manifest") || entry.statementBase64 === null) return [];
  return [{ seq: entry.seq, kind: entry.kind, statement: fromBase64(entry.statementBase64) }];
}

function applyAll(audience: Audience, statements: StatementEntry[]): Audience {
  return statements.reduce((state, statement) => applyStatement(state, statement).audience, audience);
}
