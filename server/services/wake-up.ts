/** Hears from Postgres what was committed, by whatever process: entries and watermarks, told to the accounts concerned whose sockets are
 *  here, and sessions that ended, whose sockets are cut. The notification is part of the commit: a process that dies right after it
 *  swallows nothing. */
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { accountChannel } from "../contract/events";
import type { ChatId, LogId, UserId } from "../contract/ids";
import { offlineSince, type Presence, presenceChannel } from "../contract/presence";
import type { Logger } from "../log";
import type { Publication, Realtime } from "../realtime/realtime";
import { type EntryPlace, readEntryEvents } from "./entry-events";
import type { PublishingTurn } from "./publishing-turn";
import type { Queryable } from "./sql";

const PLACES_PER_READ = 256;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** A connection that died without a word is noticed within twice this time. */
const CHECK_EVERY_MS = 15_000;

export type WakeUpDeps = {
  databaseUrl: string;
  /** For reading what the notifications name. */
  db: Queryable;
  logId: LogId;
  realtime: Pick<Realtime, "publish" | "endSession" | "askAgain">;
  /** Where one process publishes for all (an external service); absent where each tells its own sockets. */
  turn?: PublishingTurn;
  /** Something may have been missed: whoever listens to this process should look into the log, if their sessions still stand. */
  tellAllToLook: () => void;
  log: Pick<Logger, "warn">;
};
export type WakeUp = {
  /** Resolves once it listens; from then on it reconnects by itself. Throws when the database can't be reached. */
  start(): Promise<void>;
  /** Resolves when nothing more will be published. */
  stop(): Promise<void>;
};

export function createWakeUp(deps: WakeUpDeps): WakeUp {
  const { turn } = deps;
  const publisher = createPublisher(deps);
  const inTurn = (hear: (payload: string) => void) => (payload: string) => (turn ? turn.take(() => hear(payload)) : hear(payload));
  /** What is done with a notification, by its channel: the SQL functions name them so. */
  const hearing: Record<string, (payload: string) => void> = {
    parley_entries: inTurn((payload) => publisher.add(parsePlaces(payload))),
    parley_watermarks: inTurn((payload) => deps.realtime.publish(parseWatermarks(deps.logId, payload))),
    parley_presence: inTurn((payload) => deps.realtime.publish(parsePresence(payload))),
    parley_privacy: inTurn((payload) => takePrivacy(deps.realtime, payload)),
    parley_ended_sessions: (sessionId) => deps.realtime.endSession(sessionId),
  };
  const stopping = new AbortController();
  let connection: pg.Client | undefined;

  async function listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: deps.databaseUrl,
      application_name: "parley wake-up",
      keepAlive: true,
      connectionTimeoutMillis: CHECK_EVERY_MS,
      // A host that vanished must not keep the turn: Postgres would wait for its connection for hours.
      ...(turn && { options: `-c idle_session_timeout=${3 * CHECK_EVERY_MS}` }),
      query_timeout: CHECK_EVERY_MS,
    });
    let lost = false;
    const onLost = () => {
      if (lost) return;
      lost = true;
      if (connection !== client) return;
      turn?.lost();
      connection = undefined;
      if (!stopping.signal.aborted) void reconnect();
    };
    client.on("error", onLost);
    client.on("end", onLost);
    client.on("notification", ({ channel, payload = "" }) => hearing[channel]?.(payload));
    try {
      await client.connect();
      for (const channel of Object.keys(hearing)) await client.query(`LISTEN ${channel}`);
      if (lost || stopping.signal.aborted) throw new Error("the connection that listens was lost");
    } catch (error) {
      lost = true;
      await client.end().catch(() => {});
      throw error;
    }
    connection = client;
    void turn?.wait(client, stopping.signal);
    void untilSilent(client, stopping.signal).then(onLost);
  }

  async function reconnect(): Promise<void> {
    deps.log.warn("the connection that listens for what is new was lost");
    for (let waitMs = FIRST_RETRY_MS; !stopping.signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        await listen();
        deps.tellAllToLook();
        return;
      } catch {
        await wait(waitMs, undefined, { ref: false, signal: stopping.signal }).catch(() => {});
      }
    }
  }

  return {
    start: listen,
    async stop() {
      stopping.abort();
      const client = connection;
      connection = undefined;
      await client?.end().catch(() => {});
      await publisher.settled();
    },
  };
}

/** Asks the connection for a sign of life now and then; resolves when none came. */
async function untilSilent(client: pg.Client, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await wait(CHECK_EVERY_MS, undefined, { ref: false, signal });
      await client.query("SELECT 1");
    }
  } catch {
    void client.end().catch(() => {});
  }
}

/** "chat seq,chat seq" as notify_entries writes it. */
function parsePlaces(payload: string): EntryPlace[] {
  return payload.split(",").flatMap((pair) => {
    const [chatId, seq] = pair.split(" ");
    return chatId && seq ? [{ chatId: chatId as ChatId, seq: Number(seq) }] : [];
  });
}

/** "chat account delivered read member member,…" as notify_watermarks writes it: one event for each member. */
function parseWatermarks(logId: LogId, payload: string): Publication[] {
  return payload.split(",").flatMap((line) => {
    const [chatId, userId, delivered, read, ...members] = line.split(" ");
    if (!chatId || !userId) return [];
    const marks = { deliveredSeq: Number(delivered), readSeq: Number(read) };
    const event = { name: "watermark" as const, data: { logId, chatId: chatId as ChatId, userId: userId as UserId, ...marks } };
    return members.map((member) => ({ channel: accountChannel(member as UserId), event }));
  });
}

/** "account online,account offline milliseconds,account hidden" as notify_presence writes it. */
function parsePresence(payload: string): Publication[] {
  return payload.split(",").flatMap((line) => {
    const [userId, state, lastSeenMs] = line.split(" ") as [UserId, string?, string?];
    const presence = presenceOf(state, lastSeenMs);
    return presence ? [{ channel: presenceChannel(userId), event: { name: "presence" as const, data: { userId, presence } } }] : [];
  });
}

function presenceOf(state: string | undefined, lastSeenMs: string | undefined): Presence | undefined {
  if (state === "online" || state === "hidden") return { state };
  return state === "offline" ? offlineSince(lastSeenMs === undefined ? null : Number(lastSeenMs)) : undefined;
}

/** "account presence typing" as set_privacy writes it: told to the account's devices, which from then on hear no more than they share. */
function takePrivacy(realtime: WakeUpDeps["realtime"], payload: string): void {
  const [userId, ...shares] = payload.split(" ") as [UserId, ...string[]];
  const [sharesPresence, sharesTyping] = shares.map((word) => word === "true");
  if (sharesPresence === undefined || sharesTyping === undefined) return;
  realtime.publish([{ channel: accountChannel(userId), event: { name: "privacy", data: { sharesPresence, sharesTyping } } }]);
  if (!sharesPresence || !sharesTyping) realtime.askAgain(userId);
}

/** Publishes places in the order in which they came; those that come meanwhile are read together. */
function createPublisher({ db, logId, realtime, tellAllToLook, log }: WakeUpDeps) {
  let pending: EntryPlace[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (pending.length > 0) {
      const places = pending.slice(0, PLACES_PER_READ);
      pending = pending.slice(PLACES_PER_READ);
      try {
        realtime.publish(await readEntryEvents(db, logId, places));
      } catch (err) {
        log.warn("entries could not be read for their events", { err });
        tellAllToLook();
      }
    }
    running = undefined;
  }

  return {
    add(places: EntryPlace[]): void {
      if (places.length === 0) return;
      pending.push(...places);
      running ??= run();
    },
    settled: () => running ?? Promise.resolve(),
  };
}
