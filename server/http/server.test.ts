import { createHash } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_BODY_BYTES } from "../contract/limits";
import { createTestDatabase, type TestDatabase } from "../testing/database";
import { send } from "./testing/http-client";
import { SCRIPT_HASH, startTestServer, type TestServer } from "./testing/test-server";

let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer(database.url, { settings: { metricsToken: "0123456789abcdef" } });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const JSON_TYPE = { "content-type": "application/json" };

describe("headers", () => {
  const EVERY_KIND: [string, string, number][] = [
    ["GET", "/", 200],
    ["GET", "/c/0190", 200],
    ["GET", "/_next/static/chunk.js", 200],
    ["GET", "/sw.js", 200],
    ["GET", "/healthz", 200],
    ["GET", "/readyz", 200],
    ["GET", "/metrics", 200],
    ["GET", "/api/trpc/accounts.server", 200],
    ["GET", "/api/trpc/accounts.me", 200],
    ["GET", "/api/trpc/accounts.nothing", 404],
    ["GET", "/api/trpc/sessions.list", 401],
    ["GET", "/api/auth/get-session", 200],
    ["POST", "/api/auth/sign-out", 200],
    ["GET", "/api/auth/list-sessions", 404],
    ["POST", "/api/auth/sign-up/email", 404],
    ["GET", "/api/nothing", 404],
    ["GET", "/_next/image?url=%2Ficon.png&w=64&q=75", 404],
    ["POST", "/", 405],
    ["DELETE", "/metrics", 405],
    ["GET", "/api/auth/sign-out", 405],
    ["POST", "/encryption/encrypt", 501],
  ];

  test.each(EVERY_KIND)("%s %s answers %d with every security header", async (method, path, status) => {
    const { status: got, headers } = await send(server.port, path, { method });
    expect(got).toBe(status);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["permissions-policy"]).toContain("geolocation=()");
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'/);
    expect(headers).not.toHaveProperty("x-powered-by");
    expect(headers).not.toHaveProperty("strict-transport-security");
  });

  test("pages may run their own scripts, and no inline, evaluated or foreign ones", async () => {
    const policy = (await send(server.port, "/")).headers["content-security-policy"];
    const scripts = /script-src ([^;]*)/.exec(String(policy))?.[1];
    expect(scripts).toBe(`'self' '${SCRIPT_HASH}'`);
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|https?:|\*/);
  });

  test("workers get a policy without Trusted Types, API answers one that allows nothing", async () => {
    const policyOf = async (path: string) => (await send(server.port, path)).headers["content-security-policy"];
    expect(await policyOf("/_next/static/worker.js")).toBe("default-src 'none'; script-src 'self'; connect-src 'self'");
    expect(await policyOf("/sw.js")).toBe(await policyOf("/_next/static/worker.js"));
    expect(await policyOf("/api/trpc/accounts.server")).toContain("sandbox");
  });

  test("nothing but files with a hash in their name is kept by caches", async () => {
    const cacheOf = async (path: string) => (await send(server.port, path)).headers["cache-control"];
    expect(await cacheOf("/api/trpc/accounts.server")).toBe("no-store");
    expect(await cacheOf("/healthz")).toBe("no-store");
    expect(await cacheOf("/")).toBe("no-cache");
    expect(await cacheOf("/_next/static/chunk.js")).toBeUndefined();
  });

  test("behind https, browsers are told to stay there", async () => {
    const https = await startTestServer(database.url, { settings: { publicUrl: new URL("https://chat.example.org") } });
    const { headers } = await send(https.port, "/");
    expect(headers["strict-transport-security"]).toMatch(/^max-age=\d{8}/);
    expect(headers["content-security-policy"]).toContain("connect-src 'self' wss://chat.example.org");
    await https.close();
  });
});

describe("foreign pages", () => {
  const foreign = { origin: "https://evil.example" };

  test.each([
    ["POST", "/api/auth/sign-in/username", foreign],
    ["POST", "/api/auth/sign-out", foreign],
    ["POST", "/api/trpc/accounts.signUp", foreign],
    ["GET", "/api/trpc/accounts.server", foreign],
    ["GET", "/api/trpc/accounts.server", { "sec-fetch-site": "cross-site" }],
    ["GET", "/api/trpc/accounts.server", { "sec-fetch-site": "same-site" }],
    ["POST", "/api/trpc/accounts.signUp", { origin: "null" }],
    ["OPTIONS", "/api/trpc/accounts.signUp", foreign],
    ["POST", "/", foreign],
  ])("%s %s with %o is refused", async (method, path, headers) => {
    const reply = await send(server.port, path, { method, headers: { ...JSON_TYPE, ...headers } });
    expect(reply).toMatchObject({ status: 403, json: { code: "forbidden" } });
    expect(reply.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("links from elsewhere open the pages", async () => {
    expect((await send(server.port, "/", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(200);
  });

  test("our own pages and programs without an origin are served", async () => {
    const path = "/api/trpc/accounts.server";
    expect((await send(server.port, path, { headers: { origin: `http://localhost:${server.port}` } })).status).toBe(200);
    expect((await send(server.port, path, { headers: { "sec-fetch-site": "same-origin" } })).status).toBe(200);
    expect((await send(server.port, path)).status).toBe(200);
  });

  test("with a public address set, only that origin is ours, whatever the Host header says", async () => {
    const own = await startTestServer(database.url, { settings: { publicUrl: new URL("https://chat.example.org") } });
    const statusFor = async (headers: Record<string, string>) => (await send(own.port, "/api/trpc/accounts.server", { headers })).status;
    expect(await statusFor({ origin: "https://chat.example.org" })).toBe(200);
    expect(await statusFor({ origin: "https://evil.example", host: "evil.example" })).toBe(403);
    await own.close();
  });

  test("a socket from a foreign page is refused before the real-time server sees it", async () => {
    const upgrade = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const reply = await send(server.port, "/app/test-key?protocol=7", { headers: { ...upgrade, ...foreign } });
    expect(reply.status).toBe(403);
    expect((await send(server.port, "/elsewhere", { headers: upgrade })).status).toBe(404);
  });
});

describe("bounds", () => {
  test("a body that announces too much is refused", async () => {
    const body = Buffer.alloc(MAX_BODY_BYTES + 1, 32);
    const reply = await send(server.port, "/api/trpc/accounts.signUp", { method: "POST", headers: JSON_TYPE, body });
    expect(reply).toMatchObject({ status: 413, json: { code: "too_large" } });
  });

  test("a body that grows too much without having announced it is refused", async () => {
    const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
    const body = Buffer.alloc(MAX_BODY_BYTES + 65_536, 32);
    expect((await send(server.port, "/api/trpc/accounts.signUp", { method: "POST", headers, body })).status).toBe(413);
    const signIn = await send(server.port, "/api/auth/sign-in/username", { method: "POST", headers, body: Buffer.alloc(5000, 32) });
    expect(signIn).toMatchObject({ status: 413, json: { code: "too_large" } });
  });

  test("headers over 16 kB are refused", async () => {
    expect((await send(server.port, "/", { headers: { "x-long": "x".repeat(20_000) } })).status).toBe(431);
  });

  test("several calls in one request are refused", async () => {
    expect((await send(server.port, "/api/trpc/accounts.server,accounts.server?batch=1")).status).toBe(400);
  });

  test.each([
    ["no JSON", "{"],
    ["JSON of another shape", "[]"],
    ["nothing", ""],
  ])("a body that is %s gets bad_request and no stack", async (_, body) => {
    const reply = await send(server.port, "/api/trpc/accounts.signUp", { method: "POST", headers: JSON_TYPE, body });
    expect(reply.json).toMatchObject({ error: { data: { app: { code: "bad_request" } } } });
    expect(reply.status).toBe(400);
    expect(reply.text).not.toMatch(/stack|\.ts|node_modules/);
  });

  test("input that fits no schema is told by the names of its fields", async () => {
    const body = JSON.stringify({ username: "Bob Bobson", password: "hunter2" });
    const reply = await send(server.port, "/api/trpc/accounts.signUp", { method: "POST", headers: JSON_TYPE, body });
    expect(reply.json).toMatchObject({ error: { data: { app: { code: "bad_request", reason: "username, password" } } } });
    expect(reply.text).not.toMatch(/Bobson|hunter2/);
  });

  test("a client that sends nothing does not keep the server from closing", async () => {
    const other = await startTestServer(database.url);
    const socket = connect(other.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("POST /api/trpc/accounts.signUp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{");
    const started = performance.now();
    await other.close();
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

describe("operators' paths", () => {
  test("ready while the database has every migration", async () => {
    expect(await send(server.port, "/readyz")).toMatchObject({ status: 200, json: { ok: true } });
  });

  test("not ready while a migration is missing", async () => {
    const newer = await startTestServer(database.url, { http: { migrations: ["99990101000000_later"] } });
    expect(await send(newer.port, "/readyz")).toMatchObject({ status: 503, json: { ok: false, reason: "migrations are missing" } });
    await newer.close();
  });

  test("without a database: healthy, not ready, and calls are told that it is unavailable", async () => {
    const lost = await startTestServer("postgresql://nobody:wrong@127.0.0.1:9/nothing");
    expect((await send(lost.port, "/healthz")).status).toBe(200);
    expect(await send(lost.port, "/readyz")).toMatchObject({ status: 503, json: { reason: "the database can't be reached" } });
    const call = await send(lost.port, "/api/trpc/accounts.server");
    expect(call).toMatchObject({ status: 503, json: { error: { data: { app: { code: "unavailable" } } } } });
    const body = JSON.stringify({ username: "alice", password: "correct horse battery" });
    const signIn = await send(lost.port, "/api/auth/sign-in/username", { method: "POST", headers: JSON_TYPE, body });
    expect(signIn).toMatchObject({ status: 503, json: { code: "unavailable" } });
    await lost.close();
  });

  test("figures are for this machine and for holders of the token", async () => {
    const statusFor = async (headers: Record<string, string>) => (await send(server.port, "/metrics", { headers })).status;
    const proxied = { "x-forwarded-for": "203.0.113.9" };
    expect(await statusFor({})).toBe(200);
    expect(await statusFor(proxied)).toBe(403);
    expect(await statusFor({ forwarded: "for=203.0.113.9" })).toBe(403);
    expect(await statusFor({ host: "evil.example" })).toBe(403);
    expect(await statusFor({ ...proxied, authorization: "Bearer 0123456789abcdef" })).toBe(200);
    expect(await statusFor({ ...proxied, authorization: "Bearer 0123456789abcdeX" })).toBe(403);
  });

  test("figures and logs name routes, not paths", async () => {
    await send(server.port, "/api/trpc/secret-word-in-path");
    await send(server.port, "/c/another-secret-word");
    const { text } = await send(server.port, "/metrics");
    expect(text).toContain('route="/api/trpc/unknown"');
    expect(text).not.toMatch(/secret/);
    expect(server.logged.join("")).toContain('"route":"/api/trpc/unknown"');
    expect(server.logged.join("")).not.toMatch(/secret-word/);
  });

  test.each(["encrypt", "decrypt"])("/encryption/%s says that devices do that", async (name) => {
    const reply = await send(server.port, `/encryption/${name}`, { method: "POST", headers: JSON_TYPE, body: "{}" });
    expect(reply.status).toBe(501);
    expect(reply.json).toMatchObject({ code: "not_on_server", reason: expect.stringContaining(`encryption.${name}`) });
  });

  test("the service worker is served for the whole site", async () => {
    const reply = await send(server.port, "/sw.js");
    expect(reply.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(reply.text).toBe("self.skipWaiting();");
  });
});

test("the hashes of react-aria's style elements are those of the installed version", async () => {
  const { readFileSync } = await import("node:fs");
  const policy = String((await send(server.port, "/")).headers["content-security-policy"]);
  for (const [file, attribute] of [
    ["interactions/usePress", "data-react-aria-pressable"],
    ["overlays/usePreventScroll", ""],
  ]) {
    const source = readFileSync(`node_modules/react-aria/dist/private/${file}.mjs`, "utf8");
    const style = /textContent = `([^`]*)`/.exec(source)?.[1]?.replace(/\$\{[^}]*\}/, attribute ?? "");
    expect(policy).toContain(createHash("sha256").update(String(style).trim()).digest("base64"));
  }
});
