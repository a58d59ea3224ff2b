import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { startTestServer, type TestServer } from "./testing/test-server";

let database: TestDatabase;
let servers: TestServer[];
beforeAll(async () => {
  database = await createTestDatabase();
  servers = await Promise.all([1, 2].map(() => startTestServer(database.url, { settings: { limitsFactor: 1 } })));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await database.drop();
});
const either = (turn: number): TestServer => servers[turn % servers.length] as TestServer;

test("guessing a password is stopped across two processes, and the right one waits too", async () => {
  await either(0).browser().signUp("alice");
  const statuses: number[] = [];
  for (let turn = 0; turn < 11; turn++) statuses.push((await either(turn).browser().signIn("alice", `guess number ${turn}`)).status);
  expect(statuses).toEqual([...Array(10).fill(401), 429]);
  const refused = await either(1).browser().signIn("alice");
  expect(refused).toMatchObject({ status: 429, json: { code: "rate_limited", retryAfterMs: expect.any(Number) } });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(800);
});

test("sign-ups from one address are limited across two processes", async () => {
  const outcomes = [];
  for (let turn = 0; turn < 10; turn++) outcomes.push(await either(turn).browser().signUp(`person${turn}`));
  expect(outcomes.map(({ status }) => status)).toEqual([...Array(9).fill(200), 429]);
  expect(outcomes.at(-1)?.app).toEqual({ code: "rate_limited", retryAfterMs: expect.any(Number) });
});

test("looking for names is limited per account", async () => {
  const statuses = new Set<number>();
  const seeker = either(0).browser();
  await seeker.signIn("person1");
  for (let turn = 0; turn < 100; turn++) statuses.add((await seeker.mutate("accounts.find", { username: `guess${turn}` })).status);
  expect(statuses).toEqual(new Set([200]));
  expect(await seeker.mutate("accounts.find", { username: "guess100" })).toMatchObject({ status: 429, code: "rate_limited" });
  const other = either(1).browser();
  await other.signIn("person2");
  expect((await other.mutate("accounts.find", { username: "guess100" })).status).toBe(200);
});

test("asking for the password again inside a session is limited", async () => {
  const browser = either(0).browser();
  await browser.signIn("person3");
  const change = { currentPassword: "wrong", newPassword: "another long password", endOtherSessions: false };
  for (let turn = 0; turn < 10; turn++) expect((await browser.mutate("accounts.changePassword", change)).status).toBe(401);
  expect((await browser.mutate("accounts.changePassword", change)).status).toBe(429);
});
