/** Rules of the schema that no single migration shows: what the server must not be able to store, and what keeps the tables shardable. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./database";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const CHAT_OWNED = ["chats", "chat_participants", "messages", "message_parts", "device_cursors"];
const ACCOUNT_OWNED = ["users", "devices", "device_manifests", "encryption_keys", "one_time_prekeys", "spent_prekeys", "account_presence"];
/** Neither a chat's nor an account's: better-auth's tables, and the server's own. */
const OTHERS = [
  "sessions",
  "credentials",
  "verifications",
  "invites",
  "server_state",
  "rate_limits",
  "device_owners",
  "server_processes",
  "_prisma_migrations",
];

async function rows<Row extends object>(text: string): Promise<Row[]> {
  return (await database.pool.query<Row>(text)).rows;
}
const uniqueIndexes = () =>
  rows<{ table: string; index: string; columns: string[] }>(
    `SELECT t.relname AS table, i.relname AS index, array_agg(a.attname::text ORDER BY array_position(x.indkey::int2[], a.attnum)) AS columns
     FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
     WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique GROUP BY 1, 2`,
  );

test("every table belongs to a chat, an account or the server", async () => {
  const tables = await rows<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  );
  expect(tables.map(({ name }) => name).sort()).toEqual([...CHAT_OWNED, ...ACCOUNT_OWNED, ...OTHERS].sort());
});

test("keys of a chat's tables lead with chat_id, those of an account's with user_id", async () => {
  const exceptions = ["users_username_key", "users_email_key"];
  for (const { table, index, columns } of await uniqueIndexes()) {
    if (exceptions.includes(index)) continue;
    if (CHAT_OWNED.includes(table)) expect([index, columns[0]]).toEqual([index, "chat_id"]);
    if (ACCOUNT_OWNED.includes(table)) expect([index, columns[0]]).toEqual([index, "user_id"]);
  }
});

test("no sequence numbers rows over all owners, and no foreign key leaves a chat's tables", async () => {
  expect(await rows("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace")).toEqual([]);
  const foreign = await rows<{ name: string }>("SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f'");
  expect(foreign.filter(({ name }) => CHAT_OWNED.includes(name))).toEqual([]);
});

test("no index holds what every send or acknowledgement changes", async () => {
  const hot = ["last_seq", "last_message_at", "delivered_seq", "read_seq", "acknowledged_seq", "send_counter", "audience_seq", "floor_seq"];
  const indexed = await rows<{ column: string }>(
    `SELECT DISTINCT a.attname::text AS column FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
     WHERE x.indrelid = ANY ('{chats,chat_participants,device_cursors}'::regclass[])`,
  );
  expect(indexed.map(({ column }) => column).filter((column) => hot.includes(column))).toEqual([]);
});

test("tables that change all the time leave room for updates, and ciphertext is stored as it is", async () => {
  const options = await rows<{ name: string; options: string[] }>(
    "SELECT relname AS name, reloptions AS options FROM pg_class WHERE relname IN ('chats', 'chat_participants', 'device_cursors')",
  );
  for (const { options: set } of options) expect(set.some((option) => option.startsWith("fillfactor="))).toBe(true);
  const storage = await rows<{ storage: string }>(
    "SELECT attstorage::text AS storage FROM pg_attribute WHERE attname IN ('encrypted_content', 'ciphertext') AND attrelid IN ('messages'::regclass, 'message_parts'::regclass)",
  );
  expect(storage).toEqual([{ storage: "e" }, { storage: "e" }]);
});

test("there is no place for plaintext, private keys, names of groups or numbers of phones", async () => {
  const columns = await rows<{ table: string; column: string }>(
    "SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'public'",
  );
  const suspicious = /private|secret|seed|plain|^content$|^text$|^body$|title|description|display|contact/;
  expect(columns.filter(({ column }) => suspicious.test(column))).toEqual([]);
  await expect(
    database.pool.query("INSERT INTO users (user_id, username, email, phone_number) VALUES (gen_random_uuid(), 'alice', 'a@invalid', '1')"),
  ).rejects.toMatchObject({ constraint: "users_phone_number_check" });
});

test("keys of another length than public keys are refused, and so are seqs that contradict each other", async () => {
  const id = "gen_random_uuid()";
  const refused = async (sql: string) =>
    database.pool.query(sql).then(
      () => null,
      (error: { constraint?: string }) => error.constraint,
    );
  expect(await refused(`INSERT INTO one_time_prekeys VALUES (${id}, ${id}, 'ec', 1, '\\x05', null, now())`)).toBe("one_time_prekeys_check");
  expect(await refused(`INSERT INTO encryption_keys VALUES (${id}, ${id}, 1, 'identity', '\\x05', null, now())`)).toBe(
    "encryption_keys_check",
  );
  expect(await refused(`INSERT INTO chats (chat_id, chat_type, floor_seq) VALUES (${id}, 1, 1)`)).toBe("chats_seq_check");
  expect(
    await refused(
      `INSERT INTO messages (chat_id, seq, message_id, sender_id, sender_device_id, kind) VALUES (${id}, 1, ${id}, ${id}, ${id}, 3)`,
    ),
  ).toBe("messages_kind_check");
  expect(await refused(`INSERT INTO chat_participants (chat_id, user_id, read_seq) VALUES (${id}, ${id}, 1)`)).toBe(
    "chat_participants_watermark_check",
  );
});

test("sending refuses to run where its checks would see an old snapshot", async () => {
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await expect(client.query("SELECT * FROM send_entries('{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}')")).rejects.toThrow(
      "READ COMMITTED",
    );
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
});
