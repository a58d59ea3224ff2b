import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { createPublishingTurn } from "./publishing-turn";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

/** A process that hears the same as the others and notes what it publishes. */
function startProcess(now: () => number) {
  const published: number[] = [];
  let looks = 0;
  const turn = createPublishingTurn({ now, tellAllToLook: () => looks++ });
  return { turn, published, looks: () => looks, hear: (seq: number) => turn.take(() => void published.push(seq)) };
}

test("one process publishes; when it dies another goes on, with what was committed meanwhile", async () => {
  let nowMs = 0;
  const [first, second] = [startProcess(() => nowMs), startProcess(() => nowMs)];
  const [one, two] = [await connect(), await connect()];
  const hear = (seq: number) => {
    for (const process of [first, second]) process.hear(seq);
  };
  await first.turn.ask(one);
  await second.turn.ask(two);
  hear(1);
  expect([first.published, second.published]).toEqual([[1], []]);
  nowMs = 40_000;
  await one.end();
  second.hear(2);
  while (second.published.length === 0) await second.turn.ask(two);
  // 1 is long published, 2 may not be.
  expect(second.published).toEqual([2]);
  expect([first.looks(), second.looks()]).toEqual([0, 1]);
  second.hear(3);
  expect(second.published).toEqual([2, 3]);
  // The first comes back on a new connection, and waits.
  first.turn.lost();
  const again = await connect();
  await first.turn.ask(again);
  first.hear(4);
  expect(first.published).toEqual([1]);
  await Promise.all([two.end(), again.end()]);
});
