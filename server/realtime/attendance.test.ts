import { afterEach, beforeEach, expect, test } from "vitest";
import type { UserId } from "../contract/ids";
import { chatChannel, presenceChannel } from "../contract/presence";
import { entryEvent, makeOwner, openSocket, openSubscribed, startRealtime, type TestRealtime } from "./testing";

/** By its range, to the stock client. */
const COMES_BACK_AT_ONCE = 4210;

let server: TestRealtime;
let noted: string[];
beforeEach(async () => {
  noted = [];
  const note = (what: string) => (userId: UserId) => void noted.push(`${what} ${userId}`);
  server = await startRealtime({ attendance: { present: note("present"), absent: note("absent") } });
});
afterEach(() => server.stop());

test("an account is present from its first signed-in socket until its last is gone", async () => {
  const [owner, other] = [makeOwner(), makeOwner()];
  await openSocket(server.port).established();
  const first = await openSubscribed(server, owner);
  const second = await openSubscribed(server, { ...makeOwner(), userId: owner.userId, channel: owner.channel });
  await openSubscribed(server, other);
  expect(noted).toEqual([`present ${owner.userId}`, `present ${other.userId}`]);
  first.ws.close();
  await first.closed;
  server.current().endSession(second.owner.sessionId);
  await second.closed;
  expect(noted.slice(2)).toEqual([`absent ${owner.userId}`]);
});

test("an account that may not hear all it could loses its sockets, and no old signature lets a new one in", async () => {
  const [alice, bob] = [await openSubscribed(server), await openSubscribed(server)];
  const channel = presenceChannel(makeOwner().userId);
  const auth = server.current().authorize(alice.socketId, channel);
  server.current().askAgain(alice.owner.userId);
  expect((await alice.closed).code).toBe(COMES_BACK_AT_ONCE);
  const again = await openSubscribed(server, alice.owner);
  again.say("pusher:subscribe", { channel, auth });
  expect(await again.next()).toMatchObject({ event: "pusher:subscription_error" });
  bob.say("pusher:subscribe", { channel, auth: server.current().authorize(bob.socketId, channel) });
  expect((await bob.next()).event).toBe("pusher_internal:subscription_succeeded");
});

test("a person's presence and a chat's typing are for sockets that signed in, and so end with their session", async () => {
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  for (const channel of [presenceChannel(makeOwner().userId), chatChannel(entryEvent(1).data.chatId)]) {
    socket.say("pusher:subscribe", { channel, auth: server.current().authorize(socketId, channel) });
    expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", data: { type: "AuthError" } });
  }
});

test("clients say that somebody types and no more, and nothing in the channels where the server speaks", async () => {
  const [alice, bob] = [await openSubscribed(server), await openSubscribed(server)];
  const [chat, presence] = [chatChannel(entryEvent(1).data.chatId), presenceChannel(makeOwner().userId)];
  for (const channel of [chat, presence]) {
    for (const { socketId, say, next } of [alice, bob]) {
      say("pusher:subscribe", { channel, auth: server.current().authorize(socketId, channel) });
      expect((await next()).event).toBe("pusher_internal:subscription_succeeded");
    }
  }
  const say = (channel: string, data: unknown) => alice.ws.send(JSON.stringify({ event: "client-typing", channel, data }));
  for (const [channel, data] of [
    [presence, {}],
    [alice.owner.channel, {}],
    [chat, { filler: "x".repeat(256) }],
  ] as const) {
    say(channel, data);
    expect((await alice.next()).event).toBe("pusher:error");
  }
  say(chat, JSON.stringify({ state: "typing" }));
  expect(await bob.next()).toMatchObject({ event: "client-typing", channel: chat, data: { state: "typing" } });
});
