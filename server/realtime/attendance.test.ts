import { afterEach, beforeEach, expect, test } from "vitest";
import type { UserId } from "../contract/ids";
import { presenceChannel } from "../contract/presence";
import { makeOwner, openSocket, openSubscribed, startRealtime, type TestRealtime } from "./testing";

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

test("an account that may not hear a channel any more loses the sockets that do, and no old signature lets it in again", async () => {
  const [alice, bob] = [await openSubscribed(server), await openSubscribed(server)];
  const elsewhere = await openSubscribed(server, alice.owner);
  const channel = presenceChannel(makeOwner().userId);
  const sign = (socketId: string) => server.current().authorize(socketId, channel);
  for (const { socketId, say, next } of [alice, bob]) {
    say("pusher:subscribe", { channel, auth: sign(socketId) });
    expect((await next()).event).toBe("pusher_internal:subscription_succeeded");
  }
  server.current().askAgain(alice.owner.userId, (name) => name === channel);
  expect((await alice.closed).code).toBe(COMES_BACK_AT_ONCE);
  const event = { name: "presence" as const, data: { userId: alice.owner.userId, presence: { state: "online" as const } } };
  server.current().publish([channel, alice.owner.channel].map((name) => ({ channel: name, event })));
  expect(await bob.next()).toMatchObject({ event: "presence", channel });
  expect(await elsewhere.next()).toMatchObject({ event: "presence", channel: alice.owner.channel });
  elsewhere.say("pusher:subscribe", { channel, auth: sign(alice.socketId) });
  expect(await elsewhere.next()).toMatchObject({ event: "pusher:subscription_error" });
});
