/** An entry as the database has it -> as one device sees it. */
import { ENTRY_KIND_NUMBER, type Entry, type EntryKind } from "../contract/chats";
import type { DeviceId, MessageId, UserId } from "../contract/ids";

export type EntryRow = {
  seq: number;
  message_id: MessageId;
  sender_id: UserId;
  sender_device_id: DeviceId;
  kind: number;
  timestamp: Date;
  statement: Buffer | null;
  encrypted_content: Buffer | null;
};

const KINDS = new Map<number, EntryKind>(Object.entries(ENTRY_KIND_NUMBER).map(([kind, number]) => [number, kind as EntryKind]));

/** `part` is the ciphertext for the asking device. Throws for a kind that this version does not know. */
export function presentEntry(row: EntryRow, part: Buffer | null): Entry {
  const kind = KINDS.get(row.kind);
  if (kind === undefined) throw new Error(`unknown kind of entry ${row.kind}`);
  return {
    seq: row.seq,
    messageId: row.message_id,
    senderId: row.sender_id,
    senderDeviceId: row.sender_device_id,
    kind,
    sentAtMs: row.timestamp.getTime(),
    statementBase64: row.statement?.toString("base64") ?? null,
    bodyBase64: row.encrypted_content?.toString("base64") ?? null,
    partBase64: part?.toString("base64") ?? null,
  };
}
