/** What every part of the engine is given: the store, the server, and effects that a test can replace. */
import type { DeviceId, UserId } from "@/server/contract/ids";
import type { EngineDatabase } from "../storage/database";
import { readMeta } from "../storage/database";
import type { Wrapping } from "../storage/wrapping";
import type { Api } from "../transport/api";

export type EngineContext = {
  db: EngineDatabase;
  wrapping: Wrapping;
  api: Api;
  /** Cryptographically random bytes. */
  random: (bytes: number) => Uint8Array;
  /** 0 <= x < 1, for jitter. */
  fraction: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
};

export type Self = { userId: UserId; deviceId: DeviceId; username: string };

/** The account and device of this store. Throws when there is none: call it only while signed in. */
export async function readSelf(db: EngineDatabase): Promise<Self> {
  const account = await readMeta(db, "account");
  if (!account) throw new Error("no account on this device");
  return { userId: account.userId, deviceId: account.deviceId, username: account.username };
}

/** A UUIDv7: its first 48 bits are the time, so ids made here sort by when they were made. */
export function uuidV7(nowMs: number, random: (bytes: number) => Uint8Array): string {
  const bytes = random(16);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, Math.floor(nowMs / 65_536));
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(4, nowMs % 65_536);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Runs a task one at a time; asked again while it runs, it runs once more afterwards. */
export function singleFlight(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await task();
    } while (again);
  };
  return () => {
    if (running) {
      again = true;
      return running;
    }
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
