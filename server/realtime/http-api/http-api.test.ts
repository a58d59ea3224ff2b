/** Who may call the HTTP API, and what it refuses; what it does is in stock-clients.test.ts. */
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../../http/testing/http-client";
import { APP_ID, KEY, SECRET, startRealtime, type TestRealtime } from "../testing";

const NOW_S = 1_790_000_000;
let server: TestRealtime;
beforeAll(async () => {
  server = await startRealtime({ now: () => NOW_S * 1_000 });
});
afterAll(() => server.stop());

type Call = { method?: string; path?: string; body?: string; secret?: string; change?: (parameters: Record<string, string>) => void };

/** One call, signed as the protocol's documentation says, after `change` had its way with the parameters. */
function call({ method = "POST", path = `/apps/${APP_ID}/events`, body = "", secret = SECRET, change = () => {} }: Call = {}) {
  const parameters: Record<string, string> = { auth_key: KEY, auth_timestamp: String(NOW_S), auth_version: "1.0" };
  if (method === "POST") parameters.body_md5 = createHash("md5").update(body).digest("hex");
  change(parameters);
  const query = Object.keys(parameters)
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join("&");
  const signature = createHmac("sha256", secret).update(`${method}\n${path}\n${query}`).digest("hex");
  return send(server.port, `${path}?${query}&auth_signature=${signature}`, { method, ...(method === "POST" && { body }) });
}

/** A change of one parameter. */
const set = (name: string, value: string) => (parameters: Record<string, string>) => {
  parameters[name] = value;
};
const event = (fields: object = {}) => JSON.stringify({ name: "told", channels: ["news"], data: "x", ...fields });
const about = (path: string, change: (parameters: Record<string, string>) => void = () => {}) =>
  call({ method: "GET", path: `/apps/${APP_ID}${path}`, change });

test("a signed call is answered, up to ten minutes early or late", async () => {
  for (const offsetS of [0, 600, -600]) {
    expect(await call({ body: event(), change: set("auth_timestamp", String(NOW_S + offsetS)) })).toMatchObject({ status: 200, json: {} });
  }
});

test("whoever lacks the secret, the key or the id learns nothing: all is answered alike", async () => {
  const body = event();
  const refused = [
    await call({ body, secret: "another secret" }),
    await call({ body, change: set("auth_key", "another-key") }),
    await call({ body, change: set("auth_version", "2.0") }),
    await call({ body, change: set("auth_timestamp", String(NOW_S + 601)) }),
    await call({ body, change: set("auth_timestamp", String(NOW_S - 601)) }),
    await call({ body, change: set("auth_timestamp", "now") }),
    await call({ body, change: set("body_md5", createHash("md5").update("another").digest("hex")) }),
    await call({ body, change: (parameters) => void delete parameters.body_md5 }),
    await call({ body, path: "/apps/8/events" }),
    await call({ body, path: "/apps/events" }),
    await call({ method: "GET", path: "/apps/8/channels" }),
    await send(server.port, `/apps/${APP_ID}/channels`),
    await send(server.port, `/apps/${APP_ID}/nothing`, { method: "POST", body: "{" }),
    await send(server.port, `/apps/${APP_ID}/channels?auth_key=${KEY}&auth_key=${KEY}`),
    await send(server.port, `/apps/${APP_ID}/channels?%zz`),
  ];

  for (const { status, text, headers } of refused) {
    expect([status, text, headers["content-type"]]).toEqual([401, '{"code":"unauthorized"}', "application/json; charset=utf-8"]);
  }
});

test("a body that is not signed for is not even read", async () => {
  const { status } = await call({ body: event({ data: "x".repeat(400_000) }), secret: "another secret" });

  expect(status).toBe(401);
});

test.each([
  ["no JSON", "{", 400],
  ["no object", "[]", 400],
  ["an event without a name", event({ name: undefined }), 400],
  ["an event whose name is too long", event({ name: "x".repeat(201) }), 400],
  ["an event of the protocol itself", event({ name: "pusher:subscription_succeeded" }), 400],
  ["an internal event of the protocol", event({ name: "pusher_internal:member_added" }), 400],
  ["data that is no text", event({ data: {} }), 400],
  ["data over ten kilobytes", event({ data: "é".repeat(5_121) }), 413],
  ["no channel", event({ channels: [] }), 400],
  ["a hundred and one channels", event({ channels: Array.from({ length: 101 }, (_, i) => `c${i}`) }), 400],
  ["a malformed channel", event({ channels: ["a b"] }), 400],
  ["a channel beside channels", event({ channel: "news" }), 400],
  ["a malformed socket id", event({ socket_id: "1" }), 400],
  ["an unknown attribute", event({ info: "secrets" }), 400],
  ["a body over half a megabyte", event({ more: "x".repeat(524_288) }), 413],
])("%s is refused", async (_what, body, status) => {
  expect((await call({ body })).status).toBe(status);
});

test("ten events of full size make a batch; eleven or none do not", async () => {
  const batch = (count: number) =>
    call({
      path: `/apps/${APP_ID}/batch_events`,
      body: JSON.stringify({ batch: Array.from({ length: count }, () => ({ name: "told", channel: "news", data: '"'.repeat(10_240) })) }),
    });

  expect((await batch(10)).status).toBe(200);
  expect((await batch(11)).status).toBe(400);
  expect((await batch(0)).status).toBe(400);
});

test("questions about users are for presence channels, and other calls don't exist", async () => {
  const users = set("info", "user_count");
  expect((await about("/channels/news/users")).status).toBe(400);
  expect((await about("/channels/news", users)).status).toBe(400);
  expect((await about("/channels", users)).status).toBe(400);
  expect((await about("/channels/a%20b")).status).toBe(400);
  expect((await about("/channels/news/users/x")).status).toBe(404);
  expect((await about("/events")).status).toBe(404);
  expect((await call({ method: "DELETE" })).status).toBe(404);
  expect((await call({ path: `/apps/${APP_ID}/constructor`, body: "{}" })).status).toBe(404);
  expect((await call({ path: `/apps/${APP_ID}/users//terminate_connections`, body: "{}" })).status).toBe(404);
});
