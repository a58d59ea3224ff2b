/** The same stories with sockets of our own and at an external service, for which a second embedded server stands. */
import { afterEach, describe, expect, test } from "vitest";
import { createManualClock } from "../../testing/manual-clock";
import type { Realtime } from "../realtime";
import { APP_ID, entryEvent, KEY, makeOwner, openSocket, SECRET, startRealtime, type TestOwner } from "../testing";
import { createExternalRealtime } from "./external-realtime";

const { logId } = entryEvent(1).data;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Backend = { realtime: Realtime; port: number; heard: string[]; pass: (ms: number) => void };

async function embedded(): Promise<Backend> {
  const heard: string[] = [];
  const server = await startRealtime({ attendance: noting(heard) });
  closing.push(server.stop);
  return { realtime: server.current(), port: server.port, heard, pass: server.advance };
}

async function external(): Promise<Backend> {
  const service = await startRealtime({ now: Date.now });
  closing.push(service.stop);
  const clock = createManualClock();
  const heard: string[] = [];
  const realtime = createExternalRealtime({
    service: { appId: APP_ID, key: KEY, secret: SECRET, host: "127.0.0.1", port: service.port, tls: false },
    logId,
    now: Date.now,
    setTimer: clock.setTimer,
    log: { info() {}, warn() {} },
    observe() {},
    attendance: noting(heard),
  });
  closing.push(() => realtime.close());
  return { realtime, port: service.port, heard, pass: clock.advance };
}

const noting = (heard: string[]) => ({
  present: (userId: string) => void heard.push(`${userId} came`),
  absent: (userId: string) => void heard.push(`${userId} went`),
});

async function listening({ realtime, port }: Backend, owner: TestOwner) {
  const socket = openSocket(port);
  const socketId = await socket.established();
  const { auth, userData } = realtime.signIn(socketId, owner);
  socket.say("pusher:signin", { auth, user_data: userData });
  expect((await socket.next()).event).toBe("pusher:signin_success");
  socket.say("pusher:subscribe", { channel: owner.channel, auth: realtime.authorize(socketId, owner.channel) });
  expect((await socket.next()).event).toBe("pusher_internal:subscription_succeeded");
  return socket;
}

describe.each([
  ["sockets of our own", embedded],
  ["sockets at an external service", external],
])("%s", (_, start) => {
  test("hear what is published to their account, in order, and nothing else", async () => {
    const backend = await start();
    const [alice, bob] = [makeOwner(), makeOwner()];
    const [alices, bobs] = [await listening(backend, alice), await listening(backend, bob)];
    const shared = entryEvent(100);
    for (let seq = 1; seq <= 30; seq++) backend.realtime.publish([{ channel: alice.channel, event: entryEvent(seq) }]);
    backend.realtime.publish([alice, bob].map(({ channel }) => ({ channel, event: shared })));
    for (let seq = 1; seq <= 30; seq++) expect((await alices.next()).data).toMatchObject({ seq });
    expect((await alices.next()).data).toEqual(shared.data);
    expect(await bobs.next()).toEqual({ event: "entry", channel: bob.channel, data: shared.data });
  });

  test("are cut when their session ends, for good, and those of other sessions stay", async () => {
    const backend = await start();
    const owner = makeOwner();
    const [gone, stays] = [await listening(backend, owner), await listening(backend, { ...owner, sessionId: crypto.randomUUID() })];
    backend.realtime.endSession(owner.sessionId);
    backend.pass(0);
    expect((await gone.closed).code).toBe(4009);
    backend.realtime.publish([{ channel: owner.channel, event: entryEvent(1) }]);
    expect((await stays.next()).event).toBe("entry");
    expect(() => backend.realtime.signIn("1.1", owner)).toThrow("session ended");
  });

  test("are all told to look", async () => {
    const backend = await start();
    const sockets = [await listening(backend, makeOwner()), await listening(backend, makeOwner())];
    backend.realtime.tellAllToLook(logId);
    for (const socket of sockets) {
      const heard = socket.next();
      expect(await passing(backend, 1_000, () => heard)).toMatchObject({ event: "look", data: { logId } });
    }
  });

  test("tell who is there", async () => {
    const backend = await start();
    const owner = makeOwner();
    const socket = await listening(backend, owner);
    await passing(backend, 10_000, () => expect.poll(() => backend.heard, POLL).toEqual([`${owner.userId} came`]));
    socket.ws.close();
    await socket.closed;
    await passing(backend, 10_000, () => expect.poll(() => backend.heard, POLL).toEqual([`${owner.userId} came`, `${owner.userId} went`]));
  });
});

const POLL = { timeout: 5_000, interval: 20 };

/** Lets time pass in the backend until it has come to that. */
async function passing<T>({ pass }: Backend, stepMs: number, until: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => pass(stepMs), 20);
  try {
    return await until();
  } finally {
    clearInterval(timer);
  }
}
