import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { ChatInfo, OpenChat } from "../contract/chats";
import { AppError } from "../contract/errors";
import type { ChatId, UserId } from "../contract/ids";
import { individualChatId } from "../contract/statements/chat-id";
import { encodeManifestEntry } from "../contract/statements/manifest-entry";
import { readChat } from "./list-chats";
import { readPin } from "./read-manifests";
import { REAL_TIME, retryTransient } from "./retry-transient";
import { query } from "./sql";

const GIVE_UP_AFTER_MS = 8_000;
const ATTEMPTS = 5;

/** The individual chat of the caller and another person (or the caller's own chat), opened if it is not there yet: whoever asks first, and
 *  also when both ask at once. Its log begins with a manifest entry for each of them.
 *  Throws `not_found` (no active account with a device list), `rate_limited`, `unavailable`. */
export async function openChat(app: AppContext, caller: DeviceCaller, { userId }: z.infer<typeof OpenChat>): Promise<ChatInfo> {
  const chatId = individualChatId(caller.userId, userId);
  const present = await readChat(app, caller, chatId);
  if (present) return present;
  await app.rateLimits.consume("openChat", caller.userId);
  await open(app, chatId, [...new Set([caller.userId, userId])].sort());
  const opened = await readChat(app, caller, chatId);
  if (opened === undefined) throw new AppError("device_required", "the device was revoked meanwhile");
  return opened;
}

const OPEN = "SELECT open_individual_chat($1, $2::uuid[], $3::int[], $4::int[], $5::bytea[]) AS outcome";

async function open(app: AppContext, chatId: ChatId, userIds: UserId[]): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const manifests = await Promise.all(userIds.map((userId) => newestManifest(app, userId)));
    const columns = [
      chatId,
      userIds,
      manifests.map(({ generation }) => generation),
      manifests.map(({ version }) => version),
      manifests.map(({ statement }) => statement),
    ];
    const run = () => query<{ outcome: string }>(app.pool, "open_individual_chat", OPEN, columns);
    const [row] = await retryTransient(REAL_TIME, REAL_TIME.now() + GIVE_UP_AFTER_MS, run);
    if (row?.outcome === "opened" || row?.outcome === "exists") return;
    if (row?.outcome === "not_found") throw new AppError("not_found", "no such account");
  }
  throw new AppError("unavailable", "the device lists keep changing");
}

async function newestManifest(app: AppContext, userId: UserId) {
  const pin = await readPin(app.pool, userId);
  if (pin === null) throw new AppError("not_found", "no such account, or one that never had a device");
  const { generation, version, hash } = pin;
  return { generation, version, statement: encodeManifestEntry({ v: 1, userId, generation, version, hash }) };
}
