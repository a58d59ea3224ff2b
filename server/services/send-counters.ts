import type { z } from "zod";
import type { AppContext, DeviceCaller } from "../context";
import type { SendCounters } from "../contract/devices";
import type { ChatId } from "../contract/ids";
import { query } from "./sql";

/** The greatest counter that the caller's device used in each chat: above its own memory, its store is an older copy. */
export async function sendCounters(app: AppContext, { deviceId }: DeviceCaller): Promise<z.infer<typeof SendCounters>> {
  const text = "SELECT chat_id, send_counter FROM device_cursors WHERE device_id = $1 AND send_counter > 0 ORDER BY chat_id";
  const rows = await query<{ chat_id: ChatId; send_counter: number }>(app.pool, "send_counters", text, [deviceId]);
  return { logId: app.logId, counters: rows.map(({ chat_id, send_counter }) => ({ chatId: chat_id, sendCounter: send_counter })) };
}
