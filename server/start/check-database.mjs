/** Looks at a database before anything relies on it: does it answer, is it new enough, does it keep what it acknowledged. */
import pg from "pg";
import { StartError } from "./start-error.mjs";

const CONNECT_MS = 10_000;
const OLDEST_VERSION = 150_000;

/** @param {string} url @param {{ unsafe: boolean, say: (text: string) => void }} options `unsafe`: only warn about lossy settings
 *  @throws StartError, one line that never repeats the password */
export async function checkDatabase(url, { unsafe, say }) {
  const { version, lossy } = await ask(url);
  if (Number(version) < OLDEST_VERSION) throw new StartError(`Postgres is too old (${version}): Parley needs version 15 or newer.`);
  if (lossy.length === 0) return;
  const what = `Postgres runs with ${lossy.join(", ")}: it can lose messages that it said were stored`;
  if (!unsafe) throw new StartError(`${what}. Turn it on, or set PARLEY_UNSAFE_POSTGRES=1 to risk that.`);
  say(`WARNING: ${what}`);
}

/** @param {string} url @returns {Promise<{ version: string, lossy: string[] }>} */
async function ask(url) {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    throw new StartError("DATABASE_URL must be an address such as postgresql://user:password@host:5432/name.");
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on("error", () => {}); // a connection that breaks later also fails the query
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit')`,
    );
    const version = rows.find((row) => row.name === "server_version_num")?.setting ?? "0";
    return { version, lossy: rows.filter((row) => row.setting === "off").map((row) => `${row.name}=off`) };
  } catch (e) {
    const { hostname, port, pathname } = new URL(url);
    throw new StartError(`The database ${hostname}:${port || 5432}${pathname} (DATABASE_URL) does not answer: ${reason(e)}`);
  } finally {
    await client.end().catch(() => {});
  }
}

/** @param {unknown} error */
function reason(error) {
  const first = error instanceof AggregateError ? error.errors[0] : error; // localhost: one error per address
  return first instanceof Error ? first.message.split("\n")[0] : String(first);
}
