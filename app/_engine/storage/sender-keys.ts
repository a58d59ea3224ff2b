/** Sender keys at rest: this device's own ones by chat, and what others handed out by (chat, user, device). Invariant: a row is written
 *  only over the version it was read at, so two owners of the ratchets can neither use a key twice nor open a message twice. */
import type { ChatId, DeviceId, UserId } from "@/server/contract/ids";
import type { EngineDatabase, OwnSenderKeyRow, SenderKeyRow } from "./database";
import { StaleSession } from "./sessions";
import type { Wrapping } from "./wrapping";

/** Whose sender keys in which chat. */
export type SenderKeyPlace = { chatId: ChatId; userId: UserId; deviceId: DeviceId };
/** The keys' bytes and the version they were read at; null and 0 if there are none yet. */
export type StoredSenderKeys = { keys: Uint8Array | null; version: number };

const ownPurpose = (chatId: ChatId) => `own sender keys ${chatId}`;
const purpose = ({ chatId, userId, deviceId }: SenderKeyPlace) => `sender keys ${chatId} ${userId} ${deviceId}`;

export async function readOwnSenderKeys(db: EngineDatabase, wrapping: Wrapping, chatId: ChatId): Promise<StoredSenderKeys> {
  return unwrapRow(wrapping, ownPurpose(chatId), await db.ownSenderKeys.get(chatId));
}

/** Wraps advanced keys into the row that follows the version they were read at. Do it before the transaction. */
export async function wrapOwnSenderKeys(
  wrapping: Wrapping,
  chatId: ChatId,
  keys: Uint8Array,
  readAtVersion: number,
): Promise<OwnSenderKeyRow> {
  return { chatId, wrapped: await wrapping.wrap(ownPurpose(chatId), keys), version: readAtVersion + 1 };
}

/** Inside a transaction over `ownSenderKeys`: stores the row. Throws StaleSession if it moved on meanwhile. */
export async function putOwnSenderKeys(db: EngineDatabase, row: OwnSenderKeyRow): Promise<void> {
  checkFollows(await db.ownSenderKeys.get(row.chatId), row);
  await db.ownSenderKeys.put(row);
}

export async function readSenderKeys(db: EngineDatabase, wrapping: Wrapping, place: SenderKeyPlace): Promise<StoredSenderKeys> {
  return unwrapRow(wrapping, purpose(place), await db.senderKeys.get([place.chatId, place.userId, place.deviceId]));
}

/** Wraps an advanced record into the row that follows the version it was read at. Do it before the transaction. */
export async function wrapSenderKeys(
  wrapping: Wrapping,
  place: SenderKeyPlace,
  keys: Uint8Array,
  readAtVersion: number,
): Promise<SenderKeyRow> {
  return { ...place, wrapped: await wrapping.wrap(purpose(place), keys), version: readAtVersion + 1 };
}

/** Inside a transaction over `senderKeys`: stores the rows, or throws StaleSession if one of them moved on meanwhile. */
export async function putSenderKeys(db: EngineDatabase, rows: SenderKeyRow[]): Promise<void> {
  const present = await db.senderKeys.bulkGet(
    rows.map(({ chatId, userId, deviceId }) => [chatId, userId, deviceId] as [ChatId, UserId, DeviceId]),
  );
  for (const [i, row] of rows.entries()) checkFollows(present[i], row);
  await db.senderKeys.bulkPut(rows);
}

async function unwrapRow(
  wrapping: Wrapping,
  rowPurpose: string,
  row: OwnSenderKeyRow | SenderKeyRow | undefined,
): Promise<StoredSenderKeys> {
  return row ? { keys: await wrapping.unwrap(rowPurpose, row.wrapped), version: row.version } : { keys: null, version: 0 };
}

function checkFollows(present: { version: number } | undefined, row: { version: number }): void {
  if ((present?.version ?? 0) !== row.version - 1) throw new StaleSession();
}
