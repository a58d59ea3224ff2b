/** Two engines without a browser, through the real server and real cryptography: what a bad network and a busy person may do to them. */
import { expect, test } from "@playwright/test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import Pusher, { type Options } from "pusher-js";
import type { EngineDeps } from "../app/_engine/engine";
import type { MessageView } from "../app/_engine/index";
import { accepted, createCookieFetch, createTestEngine, type TestEngine } from "../app/_engine/testing";
import type { ChatId } from "../server/contract/ids";
import { PASSWORD, sharedOrigin } from "./people";

type Talker = { engine: TestEngine; username: string };
const open: TestEngine[] = [];

test.afterEach(() => {
  for (const engine of open.splice(0)) engine.close();
});

test("answers that all get lost for a while cost no message and double none", async () => {
  const network = createNetwork();
  const [alice, bob] = [await talker("alice", { fetch: network.fetch, Pusher: DeafPusher }), await talker("bob")];
  const chatId = await chatOf(alice, bob);
  const first = await write(alice, chatId, "first", 1);
  await until(alice, chatId, allDelivered(1));
  network.losesAnswers = true;
  const written = await write(alice, chatId, "alice", 30);
  await until(bob, chatId, count(2));
  await network.lost(4);
  network.losesAnswers = false;
  const [own, received] = [await until(alice, chatId, allDelivered(31)), await until(bob, chatId, count(31))];
  expect(texts(received)).toEqual([...first, ...written]);
  expect(ids(own)).toEqual(ids(received));
});

test("requests that arrive twice and answers that overtake each other change nothing", async () => {
  const [alice, bob] = [await talker("alice", { fetch: repeatedAndReordered() }), await talker("bob", { fetch: repeatedAndReordered() })];
  const chatId = await chatOf(alice, bob);
  const written = await Promise.all([write(alice, chatId, "alice", 20), write(bob, chatId, "bob", 20)]);
  const [own, received] = [await until(alice, chatId, allDelivered(40)), await until(bob, chatId, allDelivered(40))];
  expect(texts(own).toSorted()).toEqual(written.flat().toSorted());
  expect(ids(own)).toEqual(ids(received));
});

test("everything arrives by polling while the socket is blocked", async () => {
  const [alice, bob] = [await talker("alice", { Pusher: DeafPusher }), await talker("bob", { Pusher: DeafPusher })];
  const chatId = await chatOf(alice, bob);
  await write(alice, chatId, "alice", 1);
  await until(bob, chatId, count(1));
  await write(bob, chatId, "bob", 1);
  await until(alice, chatId, count(2));
  await until(alice, chatId, allDelivered(2));
});

test("sixty messages each way at once are shown once and in the same order on both sides", async () => {
  const [alice, bob] = [await talker("alice"), await talker("bob")];
  const chatId = await chatOf(alice, bob);
  const written = await Promise.all([write(alice, chatId, "alice", 60), write(bob, chatId, "bob", 60)]);
  const [own, received] = [await until(alice, chatId, allDelivered(120)), await until(bob, chatId, allDelivered(120))];
  expect(texts(own).toSorted()).toEqual(written.flat().toSorted());
  expect(ids(own)).toEqual(ids(received));
  expect(own.map((message) => message.seq)).toEqual(own.map((message) => message.seq).toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  for (const name of ["alice", "bob"]) {
    expect(texts(own).filter((text) => text.startsWith(name))).toEqual(Array.from({ length: 60 }, (_, i) => `${name} ${i}`));
  }
});

test("what waited is sent at once on a new socket, whatever the back-off had come to", async () => {
  const network = createNetwork();
  const { Socket, reopen } = reopenable();
  const [alice, bob] = [await talker("alice", { fetch: network.fetch, Pusher: Socket, random: longestBackOff }), await talker("bob")];
  const chatId = await chatOf(alice, bob);
  await write(alice, chatId, "alice", 1);
  await until(bob, chatId, count(1));
  network.losesSends = true;
  await write(alice, chatId, "again", 1);
  await network.quietAfterLosing(); // the next attempt is at least three seconds away
  network.losesSends = false;
  reopen();
  let arrived = false;
  void until(bob, chatId, count(2)).then(() => {
    arrived = true;
  });
  await expect.poll(() => arrived, { timeout: 3_000 }).toBe(true);
});

test("reading and writing at the same time does not hold up what is sent", async () => {
  let failures = 0;
  // Only the wait before another attempt is drawn from four bytes.
  const random = (bytes: number) => {
    if (bytes === 4) failures++;
    return crypto.getRandomValues(new Uint8Array(bytes));
  };
  const [alice, bob] = [await talker("alice", { random }), await talker("bob", { random })];
  const chatId = await chatOf(alice, bob);
  await Promise.all([write(alice, chatId, "alice", 30), write(bob, chatId, "bob", 30)]);
  await Promise.all([until(alice, chatId, allDelivered(60)), until(bob, chatId, allDelivered(60))]);
  expect(failures).toBe(0);
});

test("a changed setting of the account leaves the socket as it is", async () => {
  const { Socket, opened } = reopenable();
  const alice = await talker("alice", { Pusher: Socket });
  await alice.engine.until("connection", {}, (view) => view.state === "online");
  const before = opened();
  accepted(await alice.engine.commands.remindOfRecoveryKey({ atMs: 1 }));
  await alice.engine.until("account", {}, (view) => view.phase === "ready" && view.remindAtMs === 1);
  await write(alice, await chatOf(alice, alice), "note", 1);
  expect(opened()).toBe(before);
});

test("who signs out and up again in the same window goes on talking, also after a restart", async () => {
  const store = { name: "signs out and up", indexedDB: { indexedDB: new IDBFactory(), IDBKeyRange } };
  const fetch = createCookieFetch(globalThis.fetch);
  const [first, bob] = [await talker("first", { ...store, fetch }), await talker("bob")];
  accepted(await first.engine.commands.signOut({}));
  await first.engine.until("account", {}, (view) => view.phase === "signed_out");
  const second = await signUp(first.engine, "second");
  const chatId = await chatOf(second, bob);
  await write(second, chatId, "second", 1);
  await until(bob, chatId, count(1));
  second.engine.close();
  const restarted = await createTestEngine(sharedOrigin(), { ...store, fetch });
  open.push(restarted);
  await write({ ...second, engine: restarted }, chatId, "restarted", 1);
  await until(bob, chatId, count(2));
});

async function talker(name: string, change: Partial<EngineDeps> = {}): Promise<Talker> {
  const engine = await createTestEngine(sharedOrigin(), { reportFault: () => {}, ...change });
  open.push(engine);
  return signUp(engine, name);
}

async function signUp(engine: TestEngine, name: string): Promise<Talker> {
  const username = `${name}.${Math.random().toString(36).slice(2, 10)}`;
  accepted(await engine.commands.signUp({ username, password: PASSWORD }));
  await engine.until("account", {}, (view) => view.phase === "ready" && view.username === username);
  return { engine, username };
}

/** The chat of the two, open on both sides. */
async function chatOf(one: Talker, other: Talker): Promise<ChatId> {
  const { chatId } = accepted(await one.engine.commands.openChat({ username: other.username }));
  accepted(await other.engine.commands.openChat({ username: one.username }));
  return chatId;
}

async function write({ engine }: Talker, chatId: ChatId, name: string, times: number): Promise<string[]> {
  const written = Array.from({ length: times }, (_, i) => `${name} ${i}`);
  for (const text of written) accepted(await engine.commands.sendText({ chatId, text }));
  return written;
}

/** The messages of a chat without its notices, as soon as `found` holds for them. */
async function until({ engine }: Talker, chatId: ChatId, found: (messages: MessageView[]) => boolean): Promise<MessageView[]> {
  const of = (messages: MessageView[]) => messages.filter(({ body }) => body.kind !== "notice");
  const view = await engine.until("conversation", { chatId, limit: 500 }, (shown) => shown !== null && found(of(shown.messages)));
  return of(view?.messages ?? []);
}

const count = (wanted: number) => (messages: MessageView[]) => messages.length >= wanted && messages.every(({ seq }) => seq !== undefined);
const allDelivered = (wanted: number) => (messages: MessageView[]) =>
  count(wanted)(messages) && messages.every(({ own, status }) => !own || status === "delivered" || status === "read");
const ids = (messages: MessageView[]) => messages.map(({ messageId }) => messageId);
const texts = (messages: MessageView[]) => messages.map(({ body }) => (body.kind === "text" ? body.text : body.kind));

/** A line on which the server hears everything, and its answers can get lost. */
function createNetwork() {
  const send = createCookieFetch(fetch);
  const waiting: { left: number; resolve: () => void }[] = [];
  let quiet: { timer?: NodeJS.Timeout; resolve: () => void } = { resolve: () => {} };
  const noteLost = () => {
    for (const one of waiting) if (--one.left === 0) one.resolve();
    clearTimeout(quiet.timer);
    quiet.timer = setTimeout(quiet.resolve, 4_500);
  };
  const network = {
    losesAnswers: false,
    losesSends: false,
    /** Resolves once so many more were lost. */
    lost: (times: number) => new Promise<void>((resolve) => waiting.push({ left: times, resolve })),
    /** Resolves once nothing was tried for a while after something got lost. */
    quietAfterLosing: () =>
      new Promise<void>((resolve) => {
        quiet = { ...quiet, resolve };
        noteLost();
      }),
    fetch: (async (input, init) => {
      if (network.losesSends && String(input).includes("messages.send")) {
        noteLost();
        throw new TypeError("fetch failed");
      }
      const response = await send(input, init);
      if (!network.losesAnswers) return response;
      noteLost();
      throw new TypeError("fetch failed");
    }) as typeof fetch,
  };
  return network;
}

/** Every request reaches the server twice, and each answer takes another time than the one before. */
function repeatedAndReordered(): typeof fetch {
  let calls = 0;
  const send = createCookieFetch(fetch);
  return async (input, init) => {
    const isEntries = String(input).includes("/messages.");
    const delayMs = (calls++ * 37) % 60;
    const first = isEntries ? await send(input, init) : undefined;
    const answer = await send(input, init);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return calls % 2 === 0 && first ? first : answer;
  };
}

/** A socket that no proxy lets through: nothing listens on port 9. */
class DeafPusher extends Pusher {
  constructor(key: string, options: Options) {
    super(key, { ...options, wsPort: 9, wssPort: 9 });
  }
}

function reopenable() {
  const sockets: Pusher[] = [];
  class Socket extends Pusher {
    constructor(key: string, options: Options) {
      super(key, options);
      sockets.push(this);
    }
  }
  const reopen = () => {
    const last = sockets.at(-1);
    last?.disconnect();
    last?.connect();
  };
  return { Socket, reopen, opened: () => sockets.length };
}

/** The jitter is drawn from four bytes. */
function longestBackOff(bytes: number): Uint8Array {
  return bytes === 4 ? new Uint8Array(4).fill(0xff) : crypto.getRandomValues(new Uint8Array(bytes));
}
