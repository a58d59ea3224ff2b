/** The server is blind: what people say, draft and note, and the keys they have, are nowhere in what it stores, writes or is sent. */
import type { Browser, Page } from "@playwright/test";
import { parseRecoveryKey } from "../app/_engine/signal/recovery-key";
import { findSecrets, type Secret, secretText } from "./find-secrets";
import { createPerson, expect, PASSWORD, type Person, test } from "./people";
import { type RecordingProxy, startRecordingProxy } from "./recording-proxy";
import { type RunningServer, startServer } from "./server";
import { dumpTables, keepWalSearchable, readFiles, runSql } from "./server-heaps";

test.setTimeout(180_000);

const SAID = [
  "the zephyrquill sails at midnight",
  "🦔🪗🛼 nobody plays it better 👩🏽‍🚀",
  "قنديل البحر الفضي يحب المطر",
  "te\u0301trapyloctomie, naturellement",
];
const REPLIED = ["then the thimblewrack must follow", "🧶🪼 والقنديل أيضاً"];
const DRAFTED = "half a marzipanstorm, not yet said";
const NOTED = "buy lanternfish for the mezzanine";
const ALL_WORDS = [...SAID, ...REPLIED, DRAFTED, NOTED];
const PLANTED = "a planted word: пальмовый вомбат 🌴";

type Stage = { server: RunningServer; proxy: RecordingProxy; startedMs: number; alice: Person; bob: Person; recoveryKeys: string[] };

/** Two people on a server of their own, behind a proxy that keeps what passes. */
async function setStage(browser: Browser): Promise<Stage> {
  const server = await startServer({ env: { LOG_LEVEL: "debug", PARLEY_LIMITS: "100" } });
  await keepWalSearchable(server);
  const startedMs = Date.now();
  await server.restart();
  const proxy = await startRecordingProxy(server.port);
  const recoveryKeys: string[] = [];
  const join = async (name: string) => {
    const person = await createPerson(browser, proxy.url, name);
    await person.page.goto("/sign-up");
    await person.createsAccount();
    recoveryKeys.push(await person.recoveryKey());
    await person.postponesRecoveryKey();
    return person;
  };
  return { server, proxy, startedMs, alice: await join("alice"), bob: await join("bob"), recoveryKeys };
}

async function talk({ alice, bob }: Stage): Promise<void> {
  await alice.opens(bob);
  for (const text of SAID) await alice.writes(text);
  await bob.opens(alice);
  for (const text of SAID) await bob.sees(text);
  for (const text of REPLIED) await bob.writes(text);
  for (const text of REPLIED) await alice.sees(text);
  await alice.seesState(SAID.at(-1) ?? "", "Read");
  await alice.page.getByRole("textbox", { name: "Message" }).fill(DRAFTED);
  await expect(alice.page.getByRole("link", { name: /Draft:/ })).toBeVisible();
  await bob.page.getByRole("button", { name: "New chat" }).first().click();
  await bob.page.getByRole("dialog").getByRole("textbox").fill(bob.username);
  await bob.page.keyboard.press("Enter");
  await expect(bob.page.getByRole("heading", { name: "Note to self" })).toBeVisible();
  await bob.writes(NOTED);
  await bob.seesState(NOTED, "Read");
}

/** The private keys that last, from the browser's own store, unwrapped with the key that only this browser can use. */
async function privateKeys(page: Page): Promise<Secret[]> {
  const keys = await page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    type Row = { kind: string; keyId: number; wrapped: Uint8Array<ArrayBuffer> };
    const db = await done(indexedDB.open("parley"));
    const read = db.transaction(["meta", "secrets"]);
    const wrapping = done<{ value: CryptoKey }>(read.objectStore("meta").get("wrappingKey"));
    const rows = await done<Row[]>(read.objectStore("secrets").getAll());
    const { value: key } = await wrapping;
    db.close();
    const lasting = rows.filter(({ kind }) => !kind.endsWith("one_time"));
    return Promise.all(
      lasting.map(async ({ kind, keyId, wrapped }) => {
        const additionalData = new TextEncoder().encode(`secret ${kind} ${keyId}`);
        const secret = await crypto.subtle.decrypt({ name: "AES-GCM", iv: wrapped.slice(0, 12), additionalData }, key, wrapped.slice(12));
        return { kind, bytes: [...new Uint8Array(secret)] };
      }),
    );
  });
  return keys.map(({ kind, bytes }) => ({ name: `private key (${kind})`, bytes: Buffer.from(bytes) }));
}

function recoverySecrets(written: string): Secret[] {
  const parsed = parseRecoveryKey(written);
  if (!parsed.ok) throw new Error(`no recovery key: ${parsed.reason}`);
  const plain = written.replaceAll(/[\s-]/g, "");
  const spellings = [plain, plain.toLowerCase(), written.replaceAll(/\s/g, "-"), written.replaceAll("-", " ")];
  return [{ name: "recovery key (bytes)", bytes: Buffer.from(parsed.bytes) }, ...spellings.flatMap(secretText)];
}

test("nothing that people said, and no key of theirs, is in the database, its files, the log, or on the line", async ({ browser }) => {
  const stage = await setStage(browser);
  const { server, proxy, startedMs, alice, bob } = stage;
  try {
    await talk(stage);
    const words = ALL_WORDS.flatMap(secretText);
    const keys = [...(await privateKeys(alice.page)), ...(await privateKeys(bob.page)), ...stage.recoveryKeys.flatMap(recoverySecrets)];
    expect(new Set(keys.map(({ name }) => name))).toContain("private key (identity)");
    const stored = [...(await dumpTables(server)), ...(await readFiles(server, startedMs))];
    expect(findSecrets(stored, [...words, ...keys, ...secretText(PASSWORD)])).toEqual([]);
    expect(findSecrets(proxy.passed(), [...words, ...keys])).toEqual([]);
    await findsWhatIsPlanted(stage);
  } finally {
    await Promise.all([alice.context.close(), bob.context.close()]);
    await proxy.stop();
    await server.stop();
  }
});

/** The same search, over the same kinds of places, with something to find in each. */
async function findsWhatIsPlanted({ server, proxy, startedMs, alice }: Stage): Promise<void> {
  const planted = secretText(PLANTED);
  const [utf8, utf16] = [Buffer.from(PLANTED), Buffer.from(PLANTED, "utf16le")];
  await runSql(server, "CREATE TABLE planted (words text, bytes bytea, base64 text)");
  const values = [PLANTED, utf16, Buffer.concat([Buffer.from("x"), utf8]).toString("base64")];
  await runSql(server, "INSERT INTO planted VALUES ($1, $2, $3)", values);
  const inTables = findSecrets(await dumpTables(server), planted);
  const inFiles = findSecrets(await readFiles(server, startedMs), planted);
  expect(inTables).toContain(`table planted (hex) holds "${PLANTED}" in UTF-8, as it is`);
  expect(inTables).toContain(`table planted (hex) holds "${PLANTED}" in UTF-8, base64 after 1`);
  expect(inTables).toContain(`table planted (hex) holds "${PLANTED}" in UTF-16, hex`);
  expect(inTables).toContain(`bytes in table planted holds "${PLANTED}" in UTF-16, as it is`);
  for (const folder of ["pg_wal", "base"]) expect(inFiles.some((found) => found.includes(`/${folder}/`))).toBe(true);
  await alice.page.evaluate(async (text) => {
    await fetch("/api/auth/sign-out", { method: "POST", headers: { "content-type": "text/plain" }, body: text });
    const { result } = await (await fetch("/api/trpc/accounts.server")).json();
    const socket = new WebSocket(`ws://${location.host}/app/${result.data.realtime.key}?protocol=7`);
    const heard = () => new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
    await heard(); // the greeting
    socket.send(text);
    await heard(); // the complaint
    socket.close();
  }, PLANTED);
  const onTheLine = findSecrets(proxy.passed(), planted);
  expect(onTheLine).toContain(`POST /api/auth/sign-out holds "${PLANTED}" in UTF-8, as it is`);
  expect(onTheLine).toContain(`frame to the server holds "${PLANTED}" in UTF-8, as it is`);
  expect(findSecrets(proxy.passed(), secretText("private-account-")).some((found) => found.startsWith("frame to the browser"))).toBe(true);
  expect(findSecrets(await readFiles(server, 0), secretText("Parley is ready on")).join()).toContain("output.log");
}
