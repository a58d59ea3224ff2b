/** From an installed repository to a server that answers: secrets, database, build, migrations, server. */
import { dataFolderOf } from "./data-folder.mjs";
import { keptSecrets } from "./secrets.mjs";

const CLOSE_MS = 4000;

/** @typedef {{ say: (text: string) => void, lifetime: import("./lifetime.mjs").Lifetime }} Deps */

/** @param {Deps & { prepare: () => Promise<unknown>, listen: () => Promise<{ close?: () => Promise<void> } | void> }} deps
 *    `prepare`: the build; `listen`: imports the server, which listens when that resolves.
 *  Both run in the environment that this function completes. Resolves when the server answers, or when the end came first. */
export async function serve({ say, lifetime, prepare, listen }) {
  const env = process.env;
  const dataFolder = dataFolderOf(env);
  env.PARLEY_DATA = dataFolder;
  for (const [name, secret] of Object.entries(keptSecrets(dataFolder))) env[name] ||= secret;
  const url = await database({ dataFolder, say, lifetime });
  if (lifetime.signal.aborted) return;
  env.DATABASE_URL = url;
  const { checkDatabase } = await import("./check-database.mjs");
  await checkDatabase(url, { unsafe: env.PARLEY_UNSAFE_POSTGRES === "1", say });
  await prepare();
  const { migrate } = await import("./migrate.mjs");
  await migrate(url, say);
  if (lifetime.signal.aborted) return;
  const server = await listen();
  if (server?.close) lifetime.onEnd(() => closeInTime(server.close));
  sayReady({ say, dataFolder, env });
}

/** The URL of the database: the operator's, else the embedded one, kept up from now on. @param {Deps & { dataFolder: string }} deps */
async function database({ dataFolder, say, lifetime }) {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const { startPostgres } = await import("./postgres.mjs");
  const { supervisePostgres } = await import("./supervise-postgres.mjs");
  const supervised = supervisePostgres({
    start: (options) => startPostgres({ ...options, dataFolder, say, signal: lifetime.signal }),
    dataFolder,
    say,
    giveUp: lifetime.fail,
  });
  lifetime.onEnd(async () => {
    const started = await supervised.catch(() => undefined); // whoever waits for it below is told
    await started?.stop();
  });
  return (await supervised).url;
}

/** A connection that does not end must not keep Postgres from being stopped. @param {(() => Promise<void>) | undefined} close */
async function closeInTime(close) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([close?.(), late]);
  clearTimeout(timer);
}

/** @param {{ say: (text: string) => void, dataFolder: string, env: NodeJS.ProcessEnv }} what */
function sayReady({ say, dataFolder, env }) {
  const host = env.HOST || "127.0.0.1";
  const local = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host);
  say(`Parley is ready on ${env.PARLEY_URL || `http://${local ? "localhost" : host}:${env.PORT || 3000}`}`);
  say(`data folder: ${dataFolder}`);
  say("stop it with Ctrl-C");
}
