import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../testing/app";
import { buildPerson, buildSession } from "../testing/people";
import { createSessionCheck } from "./session-check";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** A check over sockets of these sessions. */
function checkOf(sessionIds: string[], db: TestApp["pool"] = app.pool) {
  const ended: string[] = [];
  const warnings: string[] = [];
  const realtime = { sessions: () => sessionIds, endSession: (sessionId: string) => void ended.push(sessionId) };
  const check = createSessionCheck({ db, realtime, log: { warn: (message) => void warnings.push(message) }, now: () => new Date() });
  return { check, ended, warnings };
}

test("sockets of sessions that expired, were removed or whose account is not active are cut, others stay", async () => {
  const [alice, bob] = [await buildPerson(app), await buildPerson(app)];
  const [standing, expired, removed, suspended] = [
    alice.device.caller,
    await buildSession(app, alice),
    await buildSession(app, alice),
    bob.device.caller,
  ].map(({ sessionId }) => sessionId) as [string, string, string, string];
  await app.prisma.session.update({ where: { sessionId: expired }, data: { expiresAt: new Date(Date.now() - 1) } });
  await app.prisma.session.deleteMany({ where: { sessionId: removed } });
  await app.prisma.user.update({ where: { userId: bob.userId }, data: { status: "suspended" } });
  const { check, ended } = checkOf([standing, expired, removed, suspended, "never was one"]);
  await check.run();
  expect(ended.toSorted()).toEqual([expired, removed, suspended, "never was one"].toSorted());
});

test("a server without sockets asks nothing, and a database that is away ends no socket", async () => {
  const asked: unknown[] = [];
  const away = { query: (...all: unknown[]) => asked.push(all) && Promise.reject(new Error("away")) } as unknown as TestApp["pool"];
  await checkOf([], away).check.run();
  expect(asked).toEqual([]);
  const { check, ended, warnings } = checkOf(["session"], away);
  await check.run();
  expect([ended.length, warnings.length]).toEqual([0, 1]);
});
