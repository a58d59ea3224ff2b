import { expect, test } from "vitest";
import type { UserId } from "@/server/contract/ids";
import { connectRealtime, type PusherClass, type RealtimeState } from "./realtime";

/** pusher-js as far as the line uses it, moved by hand. */
function createSocket() {
  const bound = new Map<string, (data: unknown) => void>();
  const bind = (name: string, listener: (data: unknown) => void) => void bound.set(name, listener);
  const channel = { name: "", subscribed: false, bind };
  const Pusher = class {
    connection = { bind };
    subscribe = () => channel;
    connect = () => {};
    disconnect = () => {};
  };
  const change = (previous: string, current: string) => bound.get("state_change")?.({ previous, current });
  return { Pusher: Pusher as unknown as PusherClass, change, subscribed: () => bound.get("pusher:subscription_succeeded")?.({}) };
}

test("a socket that breaks is told at once, not after the attempts to open it again", () => {
  const socket = createSocket();
  const told: RealtimeState[] = [];
  connectRealtime(
    { Pusher: socket.Pusher, api: {} as never, origin: "http://localhost", server: { key: "key" } as never, userId: "u" as UserId },
    { state: (state) => told.push(state), event: () => {} },
  );
  socket.change("connecting", "connected");
  socket.subscribed();
  socket.change("connected", "connecting"); // the server went away
  expect(told.at(-1)).toBe("down");
});
