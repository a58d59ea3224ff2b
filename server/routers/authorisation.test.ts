/** Who may call what: one rule per procedure. A procedure without a rule fails here. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountChannel } from "../contract/events";
import type { UserId } from "../contract/ids";
import type { Browser, Outcome } from "../http/testing/http-client";
import { startTestServer, type TestServer } from "../http/testing/test-server";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { appRouter } from "./index";

type Rule = "public" | "session" | "device" | "admin";
const RULES: Record<string, Rule> = {
  "accounts.server": "public",
  "accounts.signUp": "public",
  "accounts.me": "public",
  "accounts.find": "session",
  "accounts.changePassword": "session",
  "accounts.deleteAccount": "session",
  "sessions.list": "session",
  "sessions.revoke": "session",
  "invites.create": "admin",
  "invites.list": "admin",
  "devices.register": "session",
  "devices.attach": "session",
  "devices.publish": "device",
  "keys.upload": "device",
  "keys.count": "device",
  "keys.claim": "device",
  "keys.manifests": "session",
  "chats.open": "device",
  "chats.list": "device",
  "chats.statements": "device",
  "messages.send": "device",
  "messages.pull": "device",
  "messages.acknowledge": "device",
  "messages.sendCounters": "device",
  "presence.get": "device",
  "presence.privacy": "device",
  "presence.setPrivacy": "device",
  "realtime.signIn": "device",
  "realtime.authorize": "device",
};

type CallerKind = "anonymous" | "expired" | "deviceless" | "revokedDevice" | "member" | "admin";
const ALLOWED = null;
/** What each kind of caller is told, before its input is even looked at. */
const ANSWERS: Record<Rule, Record<CallerKind, string | null>> = {
  public: { anonymous: ALLOWED, expired: ALLOWED, deviceless: ALLOWED, revokedDevice: ALLOWED, member: ALLOWED, admin: ALLOWED },
  session: {
    anonymous: "unauthorized",
    expired: "unauthorized",
    deviceless: ALLOWED,
    revokedDevice: ALLOWED,
    member: ALLOWED,
    admin: ALLOWED,
  },
  device: {
    anonymous: "unauthorized",
    expired: "unauthorized",
    deviceless: "device_required",
    revokedDevice: "device_required",
    member: ALLOWED,
    admin: ALLOWED,
  },
  admin: {
    anonymous: "unauthorized",
    expired: "unauthorized",
    deviceless: "forbidden",
    revokedDevice: "forbidden",
    member: "forbidden",
    admin: ALLOWED,
  },
};

const procedures = appRouter._def.procedures as unknown as Record<
  string,
  { _def: { type: "query" | "mutation"; inputs: unknown[]; output?: unknown } }
>;
const names = Object.keys(procedures);

let database: TestDatabase;
let server: TestServer;
const callers = {} as Record<CallerKind, { browser: Browser; userId: UserId }>;

async function person(username: string, { device }: { device: boolean }) {
  const browser = server.browser();
  const { userId, sessionId } = (await browser.signUp(username)).value as { userId: UserId; sessionId: string };
  if (device) {
    const deviceId = randomUUID();
    await database.query("INSERT INTO devices (user_id, device_id, identity_key) VALUES ($1, $2, $3)", [
      userId,
      deviceId,
      Buffer.alloc(33, 5),
    ]);
    await database.query("UPDATE sessions SET device_id = $2 WHERE session_id = $1", [sessionId, deviceId]);
  }
  return { browser, userId };
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer(database.url);
  callers.admin = await person("admin", { device: true });
  callers.member = await person("member", { device: true });
  callers.deviceless = await person("deviceless", { device: false });
  callers.revokedDevice = await person("revoked", { device: true });
  callers.expired = await person("expired", { device: true });
  callers.anonymous = { browser: server.browser(), userId: randomUUID() as UserId };
  await database.query("UPDATE devices SET revoked_at = now() WHERE user_id = $1", [callers.revokedDevice.userId]);
  await database.query("UPDATE sessions SET expires_at = now() WHERE user_id = $1", [callers.expired.userId]);
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const call = ({ browser }: { browser: Browser }, name: string, input?: unknown): Promise<Outcome> =>
  procedures[name]?._def.type === "query" ? browser.query(name) : browser.mutate(name, input);

test("every procedure has a rule, and every rule a procedure", () => {
  expect(Object.keys(RULES).sort()).toEqual([...names].sort());
});

test("every procedure has an input and an output schema", () => {
  for (const name of names) {
    expect(procedures[name]?._def.inputs, `input of ${name}`).not.toHaveLength(0);
    expect(procedures[name]?._def.output, `output of ${name}`).toBeDefined();
  }
});

describe.each(Object.entries(RULES))("%s (%s)", (name, rule) => {
  test.each(Object.entries(ANSWERS[rule]) as [CallerKind, string | null][])("called by: %s", async (kind, refusal) => {
    const { code, status } = await call(callers[kind], name);
    if (refusal !== ALLOWED) expect(code).toBe(refusal);
    // No input was given: whoever gets past the rule hears about that, or is answered.
    else expect([200, 400]).toContain(status);
  });
});

test("a browser that nobody is signed in with is told so, and not refused", async () => {
  for (const kind of ["anonymous", "expired"] as const) {
    expect(await call(callers[kind], "accounts.me"), kind).toMatchObject({ status: 200, value: null });
  }
  expect((await call(callers.member, "accounts.me")).value).toMatchObject({ username: "member" });
});

describe("what is somebody else's", () => {
  test("another account's channel is not signed, and malformed names never are", async () => {
    const authorize = async (socketId: string, channel: string) =>
      (await call(callers.member, "realtime.authorize", { socketId, channel })).code;
    expect(await authorize("1.1", accountChannel(callers.admin.userId))).toBe("forbidden");
    expect(await authorize("1.1", accountChannel(callers.member.userId).toUpperCase())).toBe("bad_request");
    expect(await authorize("1.1", "private-account-")).toBe("bad_request");
    expect(await authorize("1.1:x", accountChannel(callers.member.userId))).toBe("bad_request");
    expect(await authorize("1.1\n", accountChannel(callers.member.userId))).toBe("bad_request");
    expect(await authorize("1.1", `${accountChannel(callers.member.userId)}:{"user_id":"x"}`)).toBe("bad_request");
  });

  test("a chat that one is not in takes nothing, and tells nothing", async () => {
    const chatId = randomUUID();
    const entry = { chatId, messageId: randomUUID(), kind: "message", audienceSeq: 0, sendCounter: 1, bodyBase64: "AA==", parts: [] };
    const sent = (await call(callers.member, "messages.send", { entries: [entry] })).value as { results: unknown[] };
    expect(sent.results).toEqual([expect.objectContaining({ outcome: "refused", code: "not_member" })]);
    const input = encodeURIComponent(JSON.stringify({ chatId, afterSeq: 0 }));
    const reply = await callers.member.browser.go(`/api/trpc/chats.statements?input=${input}`);
    expect(reply.json).toMatchObject({ error: { data: { app: { code: "not_member" } } } });
  });
});
