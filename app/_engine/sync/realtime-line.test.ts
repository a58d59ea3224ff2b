/** What the engine does with what it hears: the server's own events are taken, an external service's only make it look. */
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { expect, test, vi } from "vitest";
import type { DeviceId, UserId } from "@/server/contract/ids";
import { EngineDatabase, writeMeta } from "../storage/database";
import type { PusherClass } from "../transport/realtime";
import type { EngineContext } from "./engine-context";
import { createRealtimeLine } from "./realtime-line";

const ID = "00000000-0000-7000-8000-000000000001";

/** A line to a socket that says what `say` is told to. */
async function openLine(host: string | null) {
  const db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  const self = { userId: ID as UserId, username: "alice", deviceId: ID as DeviceId, isAdmin: false };
  await writeMeta(db, "account", { ...self, pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0 });
  const handlers = new Map<string, (data: unknown) => void>();
  class Socket {
    connection = { bind() {} };
    user = { bind() {} };
    signin() {}
    disconnect() {}
    subscribe() {
      return { bind: (event: string, handler: (data: unknown) => void) => handlers.set(event, handler) };
    }
  }
  const heard = { takeEvent: vi.fn(async () => true), pull: vi.fn(), online: vi.fn() };
  const api = { call: async () => ({ realtime: { key: "key", host, port: null, tls: null } }) };
  const line = createRealtimeLine({
    ctx: { db, api } as unknown as EngineContext,
    Pusher: Socket as unknown as PusherClass,
    origin: "http://localhost",
    connection: { realtime() {} } as never,
    inbox: { takeEvent: heard.takeEvent } as never,
    presence: { up() {}, down() {} },
    pull: heard.pull,
    online: heard.online,
  });
  await line.open();
  return { heard, say: (event: string, data: unknown) => handlers.get(event)?.(data) };
}

const entry = { logId: ID, chatId: ID, seq: 7 };
const watermark = { logId: ID, chatId: ID, userId: ID, deliveredSeq: 9, readSeq: 9 };

test("an entry that the server itself tells is taken as it is", async () => {
  const { heard, say } = await openLine(null);
  say("entry", entry);
  await expect.poll(() => heard.takeEvent.mock.calls.length).toBe(1);
  expect(heard.pull).not.toHaveBeenCalled();
});

test("whatever an external service says moves no cursor and no watermark: the server is asked", async () => {
  const { heard, say } = await openLine("ws.example.org");
  say("entry", entry);
  say("watermark", watermark);
  say("privacy", { sharesPresence: true, sharesTyping: true });
  await expect.poll(() => [heard.pull.mock.calls.length, heard.online.mock.calls.length]).toEqual([2, 1]);
  expect(heard.takeEvent).not.toHaveBeenCalled();
});
