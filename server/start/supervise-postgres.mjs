/** Keeps the embedded Postgres up while the server lives.
 *  Only one server may use a data folder: the one whose database session holds the lock. A killed Node gives the lock back
 *  at once, since its session ends, and no stale file can lie. When that session breaks, Postgres is started again on the same
 *  port, so that the server's pool finds it. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describeError, StartError } from "./start-error.mjs";

const LOCK = 823401;
const CLAIM_TRIES = 20;
const CLAIM_MS = 100;
/** A Postgres that lived shorter than this failed; so many failures in a row end the server. */
const SHORT_LIFE_MS = 20_000;
const MAX_FAILURES = 3;
const RESTART_MS = 10_000;

/** @typedef {import("./postgres.mjs").Postgres} Postgres */

/** @param {{
 *    start: (options: { port?: number, startMs?: number }) => Promise<Postgres>,
 *    dataFolder: string, say: (text: string) => void, giveUp: (error: Error) => void, now?: () => number }} deps
 *    `giveUp` is called once, when Postgres cannot be kept up
 *  @returns {Promise<{ url: string, stop: () => Promise<void> }>} `stop` stops Postgres, unless another server took it over
 *  @throws StartError when another server uses this data folder */
export async function supervisePostgres({ start, dataFolder, say, giveUp, now = Date.now }) {
  let postgres = await start({});
  let startedAt = now();
  let failures = 0;
  let stopping = false;
  let ours = true;
  /** @type {pg.Client | undefined} */
  let lock;
  /** @type {Promise<void> | undefined} */
  let recovery;

  async function claim() {
    lock = await takeLock(postgres.url, () => {
      if (!stopping) recovery = recover();
    });
    return lock !== undefined;
  }

  /** @param {Error} error */
  function giveUpFor(error) {
    stopping = true;
    giveUp(error);
  }

  async function recover() {
    failures = now() - startedAt < SHORT_LIFE_MS ? failures + 1 : 1;
    let last = "it went away each time soon after its start";
    while (!stopping) {
      if (failures >= MAX_FAILURES)
        return giveUpFor(new StartError(`Postgres failed ${failures} times in a row (${last}). See ${postgres.folder}/server.log.`));
      say("Postgres went away: starting it again");
      try {
        postgres = await start({ port: postgres.port, startMs: RESTART_MS });
        startedAt = now();
        if (await claim()) return;
        ours = false;
        return giveUpFor(inUse(dataFolder));
      } catch (e) {
        failures += 1;
        last = describeError(e);
      }
    }
  }

  async function stop() {
    stopping = true;
    await recovery;
    await lock?.end().catch(() => {});
    if (!ours) return;
    say((await postgres.stop()) ? "Postgres stopped" : "Postgres did not stop");
  }

  try {
    ours = await claim();
  } catch (e) {
    if (!postgres.reused) await postgres.stop();
    throw e;
  }
  if (!ours) throw inUse(dataFolder);
  return { url: postgres.url, stop };
}

/** @param {string} dataFolder */
function inUse(dataFolder) {
  return new StartError(
    `Another Parley server is running on ${dataFolder}. Stop it first, or set PARLEY_DATA and PORT to start a second one.`,
  );
}

/** @param {string} url @param {() => void} lost called once when the session that holds the lock breaks
 *  @returns {Promise<pg.Client | undefined>} undefined when another session holds the lock */
async function takeLock(url, lost) {
  const client = new pg.Client({ connectionString: url, application_name: "parley start lock", keepAlive: true });
  let held = false;
  const broken = () => {
    if (!held) return;
    held = false;
    lost();
  };
  client.on("error", broken);
  client.on("end", broken);
  await client.connect();
  for (let i = 0; i < CLAIM_TRIES; i++) {
    const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS got", [LOCK]);
    if (rows[0].got) {
      held = true;
      return client;
    }
    await sleep(CLAIM_MS);
  }
  await client.end();
  return undefined;
}
