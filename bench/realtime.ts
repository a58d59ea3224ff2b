/** What the embedded real-time server carries; it runs as a process of its own, and this one is the load.
 *  Run: npx tsx bench/realtime.ts [idle] [fanout] [channels] [reconnect] [slow]
 *  `idle` comes first: later, memory that other parts have left is used again, and the figure is too small. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { startServer } from "../e2e/server";
import { accountChannel } from "../server/contract/events";
import type { UserId } from "../server/contract/ids";
import { type Application, type BenchSocket, call, openListening, openSocket, subscribe, trigger } from "./realtime-client";

const PARTS = { idle, fanout, channels, reconnect, slow };
type Figures = Record<string, number | boolean>;

const chosen = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(PARTS);
const server = await startServer({ env: { PARLEY_LIMITS: "1000000", LOG_LEVEL: "warn" } });
try {
  const secrets = JSON.parse(readFileSync(path.join(server.dataFolder, "secrets.json"), "utf8")) as Record<string, string>;
  const setting = (name: string) => secrets[`PARLEY_REALTIME_${name}`] ?? "";
  const application = { port: server.port, appId: setting("APP_ID"), key: setting("KEY"), secret: setting("SECRET") };
  for (const name of chosen) {
    const part = PARTS[name as keyof typeof PARTS];
    if (!part) throw new Error(`there is no part ${name}`);
    console.log(JSON.stringify({ part: name, ...(await part(application)) }));
    await wait(1_000);
  }
} finally {
  await server.stop();
}
process.exit(0);

/** Opens sockets, at most 100 at once, each listening to the channel that `channelOf` names for it. */
function openMany(application: Application, count: number, channelOf: (index: number) => string): Promise<BenchSocket[]> {
  return inParallel(count, 100, (index) => openListening(application, index, channelOf(index)));
}

async function inParallel<T>(count: number, most: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) done[index] = await work(index);
  };
  await Promise.all(Array.from({ length: most }, worker));
  return done;
}

async function closeAll(sockets: readonly BenchSocket[]): Promise<void> {
  for (const { tcp } of sockets) tcp.destroy();
  await Promise.all(sockets.map(({ closed }) => closed));
}

function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
}

/** Of the server's process so far, in user and kernel mode: what a busy machine changes little. */
function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** One channel, a thousand listeners. */
async function fanout(application: Application): Promise<Figures> {
  const [LISTENERS, EVENTS] = [1_000, 1_000];
  const sockets = await openMany(application, LISTENERS, () => "private-fanout");
  let heard = 0;
  const all = new Promise<void>((resolve) => {
    for (const socket of sockets) socket.onMessage(() => ++heard === LISTENERS * EVENTS && resolve());
  });
  const cpuBefore = cpuSeconds();
  const startedMs = performance.now();
  await inParallel(EVENTS, 4, () => trigger(application, "private-fanout", "x".repeat(200)));
  await Promise.race([all, wait(60_000)]);
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpuMicrosEach = round(((cpuSeconds() - cpuBefore) * 1_000_000) / heard);
  await closeAll(sockets);
  return {
    listeners: LISTENERS,
    deliveries: heard,
    lost: LISTENERS * EVENTS - heard,
    perSecond: Math.round(heard / seconds),
    cpuMicrosEach,
  };
}

/** Sends at an even rate. Returns by how much the generator was late at most, in milliseconds. */
async function sendEvenly(perSecond: number, seconds: number, send: (index: number) => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  const sent: Promise<void>[] = [];
  let lateMs = 0;
  for (let index = 0; index < perSecond * seconds; index++) {
    const dueMs = startedMs + (index * 1_000) / perSecond;
    if (dueMs > performance.now()) await wait(dueMs - performance.now());
    lateMs = Math.max(lateMs, performance.now() - dueMs);
    sent.push(send(index));
  }
  await Promise.all(sent);
  return round(lateMs);
}

/** Notes how long each message took whose data begins with the time at which it was sent. */
function noteLatencies(sockets: readonly BenchSocket[]): number[] {
  const latencies: number[] = [];
  for (const socket of sockets) {
    socket.onMessage((payload) => {
      const [, sentMs] = /"data":"([\d.]+)/.exec(payload.toString("latin1", 0, 200)) ?? [];
      latencies.push(performance.now() - Number(sentMs));
    });
  }
  return latencies;
}

/** Two thousand channels with one listener each, and a thousand triggers a second. */
async function channels(application: Application): Promise<Figures> {
  const [CHANNELS, PER_SECOND, SECONDS] = [2_000, 1_000, 10];
  const sockets = await openMany(application, CHANNELS, (index) => `private-channel-${index}`);
  const send = (index: number) => trigger(application, `private-channel-${(index * 7) % CHANNELS}`, `${performance.now()} `);
  noteLatencies(sockets);
  await sendEvenly(PER_SECOND, 2, send); // until both sides are compiled
  await wait(500);
  const latencies = noteLatencies(sockets);
  const lateMs = await sendEvenly(PER_SECOND, SECONDS, send);
  await wait(200);
  await closeAll(sockets);
  const lost = PER_SECOND * SECONDS - latencies.length;
  return { channels: CHANNELS, lost, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99), generatorLateMs: lateMs };
}

/** Of the server's process, after so much work that what it no longer needs is collected. */
async function memoryBytes(application: Application): Promise<number> {
  await inParallel(20_000, 16, () => trigger(application, "private-nobody", "x".repeat(1_000)));
  const [, kilobytes = ""] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1_024;
}

/** Ten thousand sockets that only listen. */
async function idle(application: Application): Promise<Figures> {
  const SOCKETS = 10_000;
  const before = await memoryBytes(application);
  const sockets = await openMany(application, SOCKETS, (index) => `private-channel-${index}`);
  const bytes = (await memoryBytes(application)) - before;
  await closeAll(sockets);
  return { sockets: SOCKETS, bytesEach: Math.round(bytes / SOCKETS) };
}

type Person = { userId: UserId; cookie: string };

/** Accounts with a device each, as far as the server knows of it. */
async function makePeople(port: number, count: number): Promise<Person[]> {
  const db = new pg.Pool({ connectionString: server.database().url });
  const people = await inParallel(count, 4, async (index): Promise<Person> => {
    const body = JSON.stringify({ username: `person${index}`, password: "correct horse battery staple" });
    const { text, cookies } = await call(port, "/api/trpc/accounts.signUp", body, {});
    const me = (JSON.parse(text) as { result: { data: { userId: UserId; sessionId: string } } }).result.data;
    const deviceId = randomUUID();
    await db.query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [
      me.userId,
      deviceId,
      Buffer.alloc(33, 5),
    ]);
    await db.query("UPDATE sessions SET device_id = $2 WHERE session_id = $1", [me.sessionId, deviceId]);
    return { userId: me.userId, cookie: cookies.map((line) => line.split(";")[0]).join("; ") };
  });
  await db.end();
  return people;
}

/** Opens a socket as the app does: signed in and authorised by the server's own procedures. */
async function openAsPerson(application: Application, index: number, { userId, cookie }: Person): Promise<BenchSocket> {
  const socket = await openSocket(application, index);
  const { socketId } = socket;
  const ask = async (procedure: string, input: unknown) => {
    const { text } = await call(application.port, `/api/trpc/${procedure}`, JSON.stringify(input), { cookie });
    return (JSON.parse(text) as { result: { data: { auth: string; userData: string } } }).result.data;
  };
  const { auth, userData } = await ask("realtime.signIn", { socketId });
  socket.say("pusher:signin", { auth, user_data: userData });
  await socket.next();
  const channel = accountChannel(userId);
  await subscribe(socket, channel, (await ask("realtime.authorize", { socketId, channel })).auth);
  return socket;
}

/** Five thousand clients of a hundred accounts lose their server and come back as soon as it is there. */
async function reconnect(application: Application): Promise<Figures> {
  const [CLIENTS, ACCOUNTS, RETRY_MS] = [5_000, 100, 1_000];
  const people = await makePeople(application.port, ACCOUNTS);
  const person = (index: number) => people[index % ACCOUNTS] as Person;
  const sockets = await inParallel(CLIENTS, 50, (index) => openAsPerson(application, index, person(index)));
  const backAtMs: number[] = [];
  const refusals: string[] = [];
  const back = sockets.map(async ({ closed }, index) => {
    await closed;
    for (;;) {
      try {
        const socket = await openAsPerson(application, index, person(index));
        backAtMs.push(performance.now());
        return socket;
      } catch (error) {
        // While nobody listens on the port a connection is reset; that is no refusal.
        if (!/closed 1006|ECONNREFUSED|ECONNRESET|hang up/.test(String(error))) refusals.push(String(error));
        await wait(RETRY_MS * (0.5 + Math.random()));
      }
    }
  });
  const stoppedMs = performance.now();
  await server.restart();
  const cpuBefore = cpuSeconds();
  await closeAll(await Promise.all(back));
  for (const refusal of new Set(refusals)) console.error(refusal);
  const firstMs = Math.min(...backAtMs);
  const tookMs = backAtMs.map((atMs) => atMs - firstMs);
  const cpuMillisEach = round(((cpuSeconds() - cpuBefore) * 1_000) / CLIENTS);
  const downSeconds = round((firstMs - stoppedMs) / 1_000);
  const lastSeconds = round(Math.max(...tookMs) / 1_000);
  return { clients: CLIENTS, refused: refusals.length, downSeconds, p50Ms: percentile(tookMs, 0.5), lastSeconds, cpuMillisEach };
}

/** A hundred listeners, of whom one reads a kilobyte a second. */
async function slow(application: Application): Promise<Figures> {
  const [LISTENERS, PER_SECOND, SECONDS, BYTES] = [100, 100, 10, 10_000];
  const sockets = await openMany(application, LISTENERS, () => "private-slow");
  const [reader, ...others] = sockets as [BenchSocket, ...BenchSocket[]];
  const send = () => trigger(application, "private-slow", `${performance.now()} `.padEnd(BYTES));
  const measure = async () => {
    const latencies = noteLatencies(others);
    await sendEvenly(PER_SECOND, SECONDS, send);
    await wait(200);
    return percentile(latencies, 0.99);
  };
  reader.onMessage(() => {});
  await measure();
  const withoutMs = await measure();
  reader.tcp.pause();
  const sips = setInterval(() => reader.tcp.read(100), 100);
  const withMs = await measure();
  clearInterval(sips);
  reader.tcp.resume();
  const code = await Promise.race([reader.closed, wait(5_000).then(() => 0)]);
  await closeAll(others);
  return { listeners: LISTENERS, p99WithoutMs: withoutMs, p99WithMs: withMs, growthPercent: round((withMs / withoutMs - 1) * 100), code };
}
