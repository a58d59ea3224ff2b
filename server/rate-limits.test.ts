import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "./database";
import { createLogger } from "./log";
import { addressKey, createRateLimits } from "./rate-limits";
import { createTestDatabase, type TestDatabase } from "./testing/database";

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = createDatabase({ url: testDatabase.url, log: createLogger("silent"), max: 4 });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const SETTINGS = { limitsFactor: 1, authSecret: "s".repeat(40) };
/** Each call is another process, as far as the counting knows. */
const process = (limitsFactor = 1, now = Date.now) =>
  createRateLimits({ pool: database.pool, settings: { ...SETTINGS, limitsFactor }, now });

test("a limit holds across processes and restarts", async () => {
  const [first, second] = [process(), process()];
  for (let i = 0; i < 5; i++) {
    await first.consume("password", "alice");
    await second.consume("password", "alice");
  }
  await expect(first.consume("password", "alice")).rejects.toMatchObject({ code: "rate_limited" });
  await expect(process().consume("password", "alice")).rejects.toMatchObject({ code: "rate_limited" });
});

test("who is refused learns how long to wait, and others are not touched", async () => {
  const limits = process();
  for (let i = 0; i < 10; i++) expect(await limits.take("signInPair", "192.0.2.1 alice")).toEqual({ ok: true });
  const refused = await limits.take("signInPair", "192.0.2.1 alice");
  expect(refused.ok).toBe(false);
  if (!refused.ok) expect(refused.retryAfterMs).toBeGreaterThan(14 * 60_000);
  expect(await limits.take("signInPair", "192.0.2.2 alice")).toEqual({ ok: true });
});

test("simultaneous calls do not get more than the limit", async () => {
  const limits = process();
  const taken = await Promise.all(Array.from({ length: 30 }, () => limits.take("signUp", "192.0.2.7")));
  expect(taken.filter(({ ok }) => ok)).toHaveLength(10);
});

test("PARLEY_LIMITS multiplies the limits and never makes them zero", async () => {
  const strict = process(0.01);
  expect(await strict.take("find", "strict")).toEqual({ ok: true });
  expect((await strict.take("find", "strict")).ok).toBe(false);
  const generous = process(3);
  const taken = await Promise.all(Array.from({ length: 31 }, () => generous.take("signUp", "generous")));
  expect(taken.filter(({ ok }) => ok)).toHaveLength(30);
});

test("a device that sends much asks the database seldom, and is stopped at its limit", async () => {
  const limits = process(0.1);
  const before = await stored();
  let allowed = 0;
  while ((await limits.take("send", "device", 5)).ok) allowed += 5;
  expect(allowed).toBe(180);
  expect((await stored()) - before).toBe(1);
  const strict = process(0.01);
  expect(await strict.take("send", "other device", 18)).toEqual({ ok: true });
  expect((await strict.take("send", "other device")).ok).toBe(false);
});

test("calls at once that each fetch a lease lose none of it", async () => {
  const limits = process();
  expect(await Promise.all(Array.from({ length: 10 }, () => limits.take("send", "busy device", 1)))).toEqual(Array(10).fill({ ok: true }));
  let allowed = 10;
  while ((await limits.take("send", "busy device", 1)).ok) allowed++;
  expect(allowed).toBe(1_800);
});

test("a lease ends with its window", async () => {
  let nowMs = Date.now();
  const limits = process(1, () => nowMs);
  await limits.take("send", "pausing device");
  nowMs += 61_000;
  await limits.take("send", "pausing device");
  const points = await testDatabase.query("SELECT points FROM rate_limits WHERE points = 120");
  expect(points).toHaveLength(1);
});

test("the table holds neither addresses nor names", async () => {
  await process().take("signInPair", "203.0.113.77 somebody");
  const rows = JSON.stringify(await testDatabase.query("SELECT * FROM rate_limits"));
  expect(rows).not.toMatch(/203\.0\.113|somebody|alice|192\.0/);
});

test("without a database nothing is allowed", async () => {
  const lost = createDatabase({ url: "postgresql://nobody:x@127.0.0.1:9/nothing", log: createLogger("silent") });
  const limits = createRateLimits({ pool: lost.pool, settings: SETTINGS, now: Date.now });
  await expect(limits.take("signInAddress", "192.0.2.1")).rejects.toMatchObject({ code: "unavailable" });
  await lost.close();
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::9", "2001:db8:1:2"],
  ["2001:db8::9", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
])("%s counts as %s: whoever has a /64 is one caller", (address, key) => {
  expect(addressKey(address)).toBe(key);
});

async function stored(): Promise<number> {
  return Number((await testDatabase.query("SELECT count(*) FROM rate_limits"))[0]?.count);
}
