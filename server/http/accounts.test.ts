import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "../settings";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { PASSWORD } from "./testing/http-client";
import { startTestServer, type TestServer } from "./testing/test-server";

/** Every group of tests has a server of its own: the first account of one is special. */
async function onFreshServer(settings: Partial<Settings> = {}) {
  const database = await createTestDatabase();
  const server = await startTestServer(database.url, { settings });
  return { database, server };
}
const servers: { database: TestDatabase; server: TestServer }[] = [];
const fresh = async (settings?: Partial<Settings>) => {
  const made = await onFreshServer(settings);
  servers.push(made);
  return made;
};
afterAll(async () => {
  for (const { server, database } of servers) {
    await server.close();
    await database.drop();
  }
});

describe("signing up", () => {
  test("the first account is the administrator, later ones are not", async () => {
    const { server } = await fresh();
    expect((await server.browser().query("accounts.server")).value).toMatchObject({
      firstAccount: true,
      registration: "open",
      name: "localhost",
    });
    const [alice, bob] = [server.browser(), server.browser()];
    expect((await alice.signUp("alice")).value).toMatchObject({ username: "alice", isAdmin: true, deviceId: null, hasManifest: false });
    expect((await bob.signUp("bob")).value).toMatchObject({ username: "bob", isAdmin: false });
    expect((await alice.query("accounts.me")).value).toMatchObject({ username: "alice", isAdmin: true });
    expect((await server.browser().query("accounts.server")).value).toMatchObject({ firstAccount: false });
  });

  test("of ten people who are first at the same time, one becomes the administrator", async () => {
    const { server } = await fresh();
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => server.browser().signUp(`person${i}`)));
    expect(made.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(made.filter(({ value }) => (value as { isAdmin: boolean }).isAdmin)).toHaveLength(1);
  });

  test("a user name is given once, also when two ask at the same time", async () => {
    const { server } = await fresh();
    const made = await Promise.all([server.browser().signUp("alice"), server.browser().signUp("alice")]);
    expect(made.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(made.find(({ status }) => status === 409)?.code).toBe("username_taken");
  });

  test.each(["al", "Alice", "alice!", "a".repeat(33), "älice", "alice\n"])("the name %j is refused", async (name) => {
    const { server } = servers[0] ?? (await fresh());
    expect(await server.browser().signUp(name)).toMatchObject({ status: 400, code: "bad_request" });
  });

  test("a closed server takes its first account and nobody else, and does not tell who is there", async () => {
    const { server } = await fresh({ registration: "closed" });
    expect((await server.browser().signUp("alice")).status).toBe(200);
    for (const name of ["alice", "bob"]) {
      expect(await server.browser().signUp(name)).toMatchObject({ status: 403, app: { code: "forbidden", reason: "closed" } });
    }
  });

  test("on invitation: a code works once, for a while, and is not lost on a name that is taken", async () => {
    const { server, database } = await fresh({ registration: "invite" });
    const admin = server.browser();
    await admin.signUp("alice");
    const { code } = (await admin.mutate("invites.create", { validDays: 1 })).value as { code: string };

    const refused = { status: 403, app: { code: "forbidden", reason: "invite" } };
    expect(await server.browser().signUp("bob")).toMatchObject(refused);
    expect(await server.browser().signUp("bob", { invite: "x".repeat(24) })).toMatchObject(refused);
    expect(await server.browser().signUp("alice", { invite: code })).toMatchObject({ status: 409 });
    const both = await Promise.all([server.browser().signUp("bob", { invite: code }), server.browser().signUp("carol", { invite: code })]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 403]);
    const invites = (await admin.query("invites.list")).value as { usedBy: string }[];
    expect(["bob", "carol"]).toContain(invites[0]?.usedBy);

    const { code: late } = (await admin.mutate("invites.create", { validDays: 1 })).value as { code: string };
    await database.query("UPDATE invites SET expires_at = now() - interval '1 second' WHERE code = $1", [late]);
    expect(await server.browser().signUp("dave", { invite: late })).toMatchObject(refused);
  });

  test("only administrators make and see invites", async () => {
    const { server } = await fresh();
    await server.browser().signUp("alice");
    const bob = server.browser();
    await bob.signUp("bob");
    expect(await bob.mutate("invites.create", {})).toMatchObject({ status: 403, code: "forbidden" });
    expect(await bob.query("invites.list")).toMatchObject({ status: 403, code: "forbidden" });
  });
});

describe("signing in and out", () => {
  let server: TestServer;
  let database: TestDatabase;
  beforeAll(async () => {
    ({ server, database } = await fresh());
    await server.browser().signUp("alice");
  });

  test("the cookie is HttpOnly and for this site only; nothing else carries the session", async () => {
    const alice = server.browser();
    const reply = await alice.signIn("alice");
    expect(reply).toMatchObject({ status: 200, text: "{}" });
    expect(reply.cookies).toHaveLength(1);
    expect(reply.cookies[0]).toMatch(/^parley_session=/);
    expect(reply.cookies[0]).toMatch(/; Max-Age=5184000(;|$)/);
    for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/"]) expect(reply.cookies[0]).toContain(`; ${attribute}`);
    expect(reply.cookies[0]).not.toMatch(/Secure|Domain/);
    expect((await alice.query("accounts.me")).value).toMatchObject({ username: "alice" });
    const session = await alice.go("/api/auth/get-session");
    expect(session.json).toMatchObject({ session: { username: "alice" } });
    const token = decodeURIComponent(alice.jar.get("parley_session") ?? "").split(".")[0] ?? "";
    expect(token.length).toBeGreaterThan(20);
    expect(session.text).not.toContain(token);
  });

  test("behind https the cookie is bound to the host and to https", async () => {
    const https = await startTestServer(database.url, { settings: { publicUrl: new URL("https://chat.example.org") } });
    const browser = https.browser({ origin: "https://chat.example.org" });
    const [line] = (await browser.signIn("alice")).cookies;
    expect(line).toMatch(/^__Host-parley_session=/);
    expect(line).toContain("; Secure");
    expect(line).not.toContain("Domain");
    expect((await browser.query("sessions.list")).status).toBe(200);
    const signUp = await browser.signUp("sissi");
    expect(signUp.reply.cookies[0]).toMatch(/^__Host-parley_session=.*; Secure/);
    await https.close();
  });

  test("a wrong password, an unknown name, a name nobody can have and a suspended account get the same answer", async () => {
    await server.browser().signUp("suspended");
    await database.query("UPDATE users SET status = 'suspended' WHERE username = 'suspended'");
    const answers = [
      await server.browser().signIn("alice", "wrong password"),
      await server.browser().signIn("nobody"),
      await server.browser().signIn("No Body"),
      await server.browser().signIn("suspended"),
      await server.browser().post("/api/auth/sign-in/username", { username: "alice", password: "" }),
      await server.browser().post("/api/auth/sign-in/username", { username: { $ne: "" }, password: PASSWORD }),
    ];
    for (const { status, text, cookies } of answers)
      expect({ status, text, cookies }).toEqual({ status: 401, text: '{"code":"unauthorized"}', cookies: [] });
  });

  test("an unknown name costs as much work as a wrong password", async () => {
    const hashes: string[] = [];
    const { auth } = server.app;
    const hashPassword = (password: string) => {
      hashes.push(password);
      return auth.hashPassword(password);
    };
    const counting = { ...auth, hashPassword };
    const { signIn } = await import("../services/sign-in");
    const attempt = { username: "nobody", password: PASSWORD, ipAddress: "127.0.0.1", userAgent: "" };
    await expect(signIn({ ...server.app, auth: counting }, attempt)).rejects.toMatchObject({ code: "unauthorized" });
    expect(hashes).toEqual([PASSWORD]);
  });

  test("a suspended account's session stops working", async () => {
    const carol = server.browser();
    await carol.signUp("carol");
    await database.query("UPDATE users SET status = 'suspended' WHERE username = 'carol'");
    expect(await carol.query("sessions.list")).toMatchObject({ status: 401, code: "unauthorized" });
  });

  test("signing out ends the session, also for whoever copied the cookie", async () => {
    const alice = server.browser();
    await alice.signIn("alice");
    const copy = server.browser();
    for (const [name, value] of alice.jar) copy.jar.set(name, value);
    expect((await copy.query("sessions.list")).status).toBe(200);
    const reply = await alice.signOut();
    expect(reply.status).toBe(200);
    expect(reply.cookies[0]).toMatch(/^parley_session=; Max-Age=0/);
    expect(alice.jar.size).toBe(0);
    expect(await copy.query("sessions.list")).toMatchObject({ status: 401, code: "unauthorized" });
    expect((await copy.go("/api/auth/get-session")).json).toEqual({ session: null });
    expect((await copy.signOut()).status).toBe(200);
  });

  test.each([
    ["altered", (value: string) => value.replace(/.(?=%3D$)/, (last) => (last === "A" ? "B" : "A"))],
    ["unsigned", (value: string) => value.split(".")[0] ?? ""],
    ["of another token", (value: string) => `${value.startsWith("x") ? "y" : "x"}${value.slice(1)}`],
    ["broken", () => "%E0%A4%A"],
  ])("a cookie that is %s is nobody's", async (_, change) => {
    const alice = server.browser();
    await alice.signIn("alice");
    const [[name, value] = ["", ""]] = [...alice.jar];
    alice.jar.set(name, change(value));
    expect((await alice.query("sessions.list")).status).toBe(401);
  });

  test("no other path of the sign-in library is reachable", async () => {
    for (const path of [
      "sign-up/email",
      "sign-in/email",
      "is-username-available",
      "update-user",
      "change-password",
      "delete-user",
      "ok",
      "error",
    ]) {
      expect((await server.browser().post(`/api/auth/${path}`, {})).status).toBe(404);
    }
    expect((await server.browser().go("/api/auth/list-sessions")).status).toBe(404);
  });
});

test("neither names nor passwords nor tokens are logged", () => {
  for (const { server } of servers) expect(server.logged.join("")).not.toMatch(/alice|bob|correct horse|parley_session|seeker/);
  expect(servers.some(({ server }) => server.logged.some((line) => line.includes("/api/trpc/accounts.signUp")))).toBe(true);
});
