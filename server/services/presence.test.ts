/** Who is online, over several server processes on one database: each keeper stands for a process. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ChatInfo } from "../contract/chats";
import type { ChatId, UserId } from "../contract/ids";
import { chatChannel, type Presence, type Privacy, presenceChannel } from "../contract/presence";
import { createTestApp, type TestApp } from "../testing/app";
import { untilWaiting } from "../testing/database";
import { createManualClock, type ManualClock } from "../testing/manual-clock";
import { buildAccount, buildChat, buildPerson, type TestPerson } from "../testing/people";
import { authorizeChannel } from "./authorize-channel";
import { getPresence } from "./get-presence";
import { createPresence, PRESENCE_GRACE_MS, type PresenceKeeper, SIGN_OF_LIFE_MS } from "./presence";
import { changePresence } from "./presence-register";
import { getPrivacy, setPrivacy } from "./privacy";

let app: TestApp;
let clock: ManualClock;
let told: Awaited<ReturnType<typeof listen>>;
let alice: TestPerson;
let bob: TestPerson;
let stranger: TestPerson;
let chat: ChatInfo;
const keepers: PresenceKeeper[] = [];

beforeAll(async () => {
  app = await createTestApp();
  [alice, bob, stranger] = [await buildPerson(app), await buildPerson(app), await buildPerson(app)];
  chat = await buildChat(app, alice, bob);
});
afterAll(() => app.close());
beforeEach(async () => {
  clock = createManualClock();
  told = await listen();
});
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.stop();
  await told.stop();
  await app.pool.query("TRUNCATE server_processes, account_presence");
  await app.pool.query("UPDATE users SET last_seen_at = NULL, shares_presence = true, shares_typing = true");
});

/** What every server process hears of people's presence, as one of them hears it. */
async function listen() {
  const client = new pg.Client({ connectionString: app.databaseUrl });
  await client.connect();
  await client.query("LISTEN parley_presence");
  const heard: string[] = [];
  let changed = () => {};
  client.on("notification", ({ payload = "" }) => {
    heard.push(...payload.split(",").map((line) => line.replace(/ \d+$/, "")));
    changed();
  });
  return {
    /** Everything heard so far, once there are so many lines. */
    async lines(count: number): Promise<string[]> {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      return [...heard];
    },
    stop: () => client.end(),
  };
}

async function startProcess(db: Pick<pg.Pool, "query"> = app.pool, { now, setTimer } = clock): Promise<PresenceKeeper> {
  const keeper = createPresence({ db, log: { warn: () => {} }, now, setTimer });
  keepers.push(keeper);
  await keeper.start();
  return keeper;
}

const asks = ({ device }: TestPerson) => ({ app, caller: device.caller });
const seenBy = async (watcher: TestPerson, ...watched: { userId: UserId }[]): Promise<Presence[]> =>
  (await getPresence(asks(watcher), { userIds: watched.map(({ userId }) => userId) })).people;

/** Somebody comes, and that is told after everything before it: what is heard until then is all there was. */
async function everythingTold(keeper: PresenceKeeper, count: number): Promise<string[]> {
  const last = await buildAccount(app);
  keeper.present(last.userId);
  clock.advance(1_000);
  const lines = await told.lines(count + 1);
  expect(lines.at(-1)).toBe(`${last.userId} online`);
  return lines.slice(0, -1);
}

/** Resolves when so many processes say that the account is there. */
async function untilIn({ userId }: TestPerson, count: number): Promise<void> {
  while ((await app.pool.query("SELECT 1 FROM account_presence WHERE user_id = $1", [userId])).rows.length !== count);
}

describe("online and last seen", () => {
  test("come with the first socket and go after the grace, dated when the last one went", async () => {
    const keeper = await startProcess();
    keeper.present(alice.userId);
    clock.advance(1_000);
    expect(await told.lines(1)).toEqual([`${alice.userId} online`]);
    expect(await seenBy(bob, alice)).toEqual([{ state: "online" }]);
    keeper.absent(alice.userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    expect(await told.lines(2)).toEqual([`${alice.userId} online`, `${alice.userId} offline`]);
    const { rows } = await app.pool.query<{ ago: number }>(
      "SELECT extract(epoch FROM now() - last_seen_at)::float8 AS ago FROM users WHERE user_id = $1",
      [alice.userId],
    );
    expect(rows[0]?.ago).toBeGreaterThan(PRESENCE_GRACE_MS / 1_000);
    expect(rows[0]?.ago).toBeLessThan(PRESENCE_GRACE_MS / 1_000 + 10);
    const [shown] = await seenBy(bob, alice);
    expect(shown?.state === "offline" && (shown.lastSeenMs ?? 1) % 60_000).toBe(0);
  });

  test("don't change when a socket comes back within the grace, in this process or in another", async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    one.present(alice.userId);
    clock.advance(1_000);
    await told.lines(1);
    one.absent(alice.userId);
    clock.advance(5_000);
    other.present(alice.userId);
    clock.advance(1_000);
    await untilIn(alice, 2);
    clock.advance(PRESENCE_GRACE_MS);
    await untilIn(alice, 1);
    expect(await everythingTold(other, 1)).toEqual([`${alice.userId} online`]);
    expect(await seenBy(bob, alice)).toEqual([{ state: "online" }]);
  });

  test("are decided by the process that holds the last socket", async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    for (const keeper of [one, other]) keeper.present(alice.userId);
    clock.advance(1_000);
    await untilIn(alice, 2);
    one.absent(alice.userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    await untilIn(alice, 1);
    expect(await everythingTold(one, 1)).toEqual([`${alice.userId} online`]);
    other.absent(alice.userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    expect((await told.lines(3)).at(-1)).toBe(`${alice.userId} offline`);
  });

  test("many who come and go at once in two processes end as their sockets do", async () => {
    const keeperPair = [await startProcess(), await startProcess()] as const;
    const people = await Promise.all(Array.from({ length: 12 }, () => buildAccount(app)));
    for (let round = 0; round < 4; round++) {
      for (const [i, { userId }] of people.entries()) {
        keeperPair[(i + round) % 2]?.present(userId);
        if (round > 0) keeperPair[(i + round + 1) % 2]?.absent(userId);
      }
      clock.advance(PRESENCE_GRACE_MS + 1_000);
    }
    for (const { userId } of people.slice(0, 6)) for (const keeper of keeperPair) keeper.absent(userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    const expected = new Map(people.map(({ userId }, i) => [userId, i < 6 ? "offline" : "online"]));
    for (let count = 18; ; count++) {
      const last = new Map((await told.lines(count)).map((line) => line.split(" ") as [UserId, string]));
      if (people.every(({ userId }) => last.get(userId) === expected.get(userId))) break;
    }
  });
});

test("who leaves one process while coming to another is online in the end, whichever is written first", async () => {
  const [old, next] = [crypto.randomUUID(), crypto.randomUUID()];
  for (const id of [old, next]) {
    await app.pool.query("INSERT INTO server_processes VALUES ($1, now(), now() + interval '1 min')", [id]);
  }
  await changePresence(app.pool, old, [{ userId: alice.userId, leftMsAgo: null }]);
  const leaving = await app.pool.connect();
  await leaving.query("BEGIN");
  await changePresence(leaving as never, old, [{ userId: alice.userId, leftMsAgo: 15_000 }]);
  const coming = changePresence(app.pool, next, [{ userId: alice.userId, leftMsAgo: null }]);
  await untilWaiting(app.pool, 1);
  await leaving.query("COMMIT");
  leaving.release();
  await coming;
  expect(await told.lines(3)).toEqual(["online", "offline", "online"].map((state) => `${alice.userId} ${state}`));
});

describe("a process", () => {
  test("that died leaves nobody online: another one ends what it left, dated by its last sign of life", async () => {
    const itsClock = createManualClock();
    const [dead, living] = [await startProcess(app.pool, itsClock), await startProcess()];
    for (const { userId } of [alice, bob]) dead.present(userId);
    itsClock.advance(1_000);
    await told.lines(2);
    living.present(bob.userId);
    clock.advance(1_000);
    await everythingTold(living, 2);
    await app.pool.query(
      `UPDATE server_processes SET seen_at = now() - interval '80 s', expires_at = now() - interval '5 s'
       WHERE process_id = (SELECT process_id FROM account_presence WHERE user_id = $1)`,
      [alice.userId],
    );
    clock.advance(SIGN_OF_LIFE_MS);
    expect((await told.lines(4)).at(-1)).toBe(`${alice.userId} offline`);
    expect(await everythingTold(living, 4)).not.toContain(`${bob.userId} offline`);
    const { rows } = await app.pool.query<{ early: boolean }>(
      "SELECT last_seen_at <= now() - interval '80 s' AS early FROM users WHERE user_id = $1",
      [alice.userId],
    );
    expect(rows).toEqual([{ early: true }]);
  });

  test("that was taken for dead names its accounts again", async () => {
    const keeper = await startProcess();
    keeper.present(alice.userId);
    clock.advance(1_000);
    await told.lines(1);
    await app.pool.query("UPDATE server_processes SET expires_at = now() - interval '1 s'");
    await app.pool.query("SELECT sweep_presence()");
    expect(await told.lines(2)).toEqual([`${alice.userId} online`, `${alice.userId} offline`]);
    await timePasses(told.lines(3));
    expect(await told.lines(3)).toEqual([`${alice.userId} online`, `${alice.userId} offline`, `${alice.userId} online`]);
  });

  test("that stops leaves its people to the grace, in which they come to another one", async () => {
    const [old, next] = [await startProcess(), await startProcess()];
    for (const { userId } of [alice, bob]) old.present(userId);
    clock.advance(1_000);
    await told.lines(2);
    for (const { userId } of [alice, bob]) old.absent(userId);
    await old.stop();
    next.present(bob.userId);
    clock.advance(1_000);
    expect(await everythingTold(next, 2)).toHaveLength(2);
    await app.pool.query(
      "UPDATE server_processes SET expires_at = now() - interval '1 s' WHERE expires_at < now() + $1 * interval '1 ms'",
      [PRESENCE_GRACE_MS],
    );
    clock.advance(SIGN_OF_LIFE_MS);
    expect((await told.lines(4)).slice(3)).toEqual([`${alice.userId} offline`]);
  });

  test("writes later what the database did not take", async () => {
    let away = false;
    const db = {
      query: ((config: pg.QueryConfig) => (away ? Promise.reject(new Error("gone")) : app.pool.query(config))) as pg.Pool["query"],
    };
    const keeper = await startProcess(db);
    away = true;
    keeper.present(alice.userId);
    clock.advance(1_000);
    await app.pool.query("SELECT 1");
    away = false;
    await timePasses(told.lines(1));
    expect(await told.lines(1)).toEqual([`${alice.userId} online`]);
  });
});

/** Lets time go on until something has happened; every second of it leaves the database room to answer. */
async function timePasses(until: Promise<unknown>): Promise<void> {
  let happened = false;
  void until.then(() => {
    happened = true;
  });
  while (!happened) {
    clock.advance(1_000);
    await app.pool.query("SELECT 1");
  }
}

describe("who is told", () => {
  beforeEach(async () => {
    const keeper = await startProcess();
    for (const { userId } of [alice, bob, stranger]) keeper.present(userId);
    clock.advance(1_000);
    await told.lines(3);
  });

  test("people who share a chat; strangers, the unknown and oneself look the same", async () => {
    expect(await seenBy(alice, bob, stranger, { userId: crypto.randomUUID() as UserId }, alice)).toEqual([
      { state: "online" },
      ...Array(3).fill({ state: "hidden" }),
    ]);
    expect(await seenBy(stranger, alice, bob)).toEqual([{ state: "hidden" }, { state: "hidden" }]);
  });

  test("nobody once it is turned off: watchers hear that, and nothing after; and who hides it is not told either", async () => {
    expect(await setPrivacy(asks(alice), { sharesPresence: false })).toEqual({ sharesPresence: false, sharesTyping: true });
    expect((await told.lines(4)).at(-1)).toBe(`${alice.userId} hidden`);
    expect([await seenBy(bob, alice), await seenBy(alice, bob)]).toEqual([[{ state: "hidden" }], [{ state: "hidden" }]]);
    const [keeper] = keepers as [PresenceKeeper];
    keeper.absent(alice.userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    keeper.present(alice.userId);
    clock.advance(1_000);
    expect(await everythingTold(keeper, 4)).toHaveLength(4);
    await setPrivacy(asks(alice), { sharesPresence: true });
    expect((await told.lines(6)).at(-1)).toBe(`${alice.userId} online`);
    expect(await seenBy(bob, alice)).toEqual([{ state: "online" }]);
  });

  test("nobody of a deleted account, of which no last sight is kept", async () => {
    const [keeper] = keepers as [PresenceKeeper];
    const leaver = await buildPerson(app);
    await buildChat(app, bob, leaver);
    keeper.present(leaver.userId);
    clock.advance(1_000);
    await told.lines(4);
    expect(await seenBy(bob, leaver)).toEqual([{ state: "online" }]);
    await app.pool.query("SELECT delete_account($1)", [leaver.userId]);
    keeper.absent(leaver.userId);
    clock.advance(PRESENCE_GRACE_MS + 1_000);
    expect((await told.lines(5)).at(-1)).toBe(`${leaver.userId} hidden`);
    expect(await seenBy(bob, leaver)).toEqual([{ state: "hidden" }]);
    const { rows } = await app.pool.query("SELECT last_seen_at FROM users WHERE user_id = $1", [leaver.userId]);
    expect(rows).toEqual([{ last_seen_at: null }]);
  });
});

test("an account shares everything until it says otherwise, and each part by itself", async () => {
  const all: Privacy = { sharesPresence: true, sharesTyping: true };
  expect(await getPrivacy(asks(alice))).toEqual(all);
  expect(await setPrivacy(asks(alice), { sharesTyping: false })).toEqual({ ...all, sharesTyping: false });
  expect(await setPrivacy(asks(alice), {})).toEqual({ ...all, sharesTyping: false });
  expect(await getPrivacy(asks(alice))).toEqual({ ...all, sharesTyping: false });
  expect(await getPrivacy(asks(bob))).toEqual(all);
});

describe("a channel is signed", () => {
  const signed = (person: TestPerson, channel: string) =>
    authorizeChannel(asks(person), { socketId: "1.2", channel }).then(
      () => "signed",
      ({ code }: { code: string }) => code,
    );

  test("of a person's presence for those who may know it, as long as both share theirs", async () => {
    expect(await signed(alice, presenceChannel(bob.userId))).toBe("signed");
    expect(await signed(stranger, presenceChannel(bob.userId))).toBe("forbidden");
    expect(await signed(alice, presenceChannel(alice.userId))).toBe("forbidden");
    expect(await signed(alice, presenceChannel(crypto.randomUUID() as UserId))).toBe("forbidden");
    await setPrivacy(asks(bob), { sharesPresence: false });
    expect(await signed(alice, presenceChannel(bob.userId))).toBe("forbidden");
    expect(await signed(bob, presenceChannel(alice.userId))).toBe("forbidden");
  });

  test("of a chat for its members, as long as they tell their own typing", async () => {
    const channel = chatChannel(chat.chatId);
    expect(await signed(alice, channel)).toBe("signed");
    expect(await signed(stranger, channel)).toBe("forbidden");
    expect(await signed(alice, chatChannel(crypto.randomUUID() as ChatId))).toBe("forbidden");
    await setPrivacy(asks(alice), { sharesTyping: false });
    expect(await signed(alice, channel)).toBe("forbidden");
    expect(await signed(bob, channel)).toBe("signed");
  });

  test("never under a malformed name", async () => {
    const names = [presenceChannel(bob.userId).toUpperCase(), `${chatChannel(chat.chatId)} `, "private-chat-", "private-presence-1"];
    for (const name of names) expect(await signed(alice, name), name).toBe("bad_request");
  });
});
