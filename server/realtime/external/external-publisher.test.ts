/** Publishing through a service that answers, refuses, or is gone. The service is a bare HTTP server that notes what it is asked. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Publication } from "../publishing";
import { entryEvent } from "../testing";
import { createCircuit } from "./circuit";
import { createExternalPublisher, type ExternalPublisher, LANES } from "./external-publisher";
import { createServiceClient } from "./service-client";

type Asked = { path: string; body: { name?: string; channels?: string[]; batch?: { name: string; channel: string; data: string }[] } };
type Answer = { status: number; body: string };

const OK: Answer = { status: 200, body: "{}" };
const DOWN: Answer = { status: 503, body: "" };

async function startService() {
  const asked: Asked[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      asked.push({ path: req.url?.split("?")[0] ?? "", body: JSON.parse(Buffer.concat(chunks).toString()) });
      res.writeHead(service.answer.status, { "content-type": "application/json" }).end(service.answer.body);
    });
  });
  const service = { asked, answer: OK, port: 0, stop: () => new Promise((resolve) => server.close(resolve)) };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  service.port = (server.address() as AddressInfo).port;
  return service;
}

const LOG_ID = entryEvent(1).data.logId;

/** A publisher whose timers fire when `pass` is called, by their own delay. */
async function makePublisher() {
  const service = await startService();
  const timers: { run: () => void; delayMs: number }[] = [];
  const outcomes: string[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const address = { appId: "7", key: "key", secret: "secret", host: "127.0.0.1", port: service.port, tls: false };
  const client = createServiceClient(address, LANES);
  const publisher: ExternalPublisher = createExternalPublisher({
    client,
    circuit: createCircuit({
      log: { info: note, warn: note },
      observe: (outcome) => void outcomes.push(outcome),
      now: () => performance.now(),
    }),
    logId: LOG_ID,
    setTimer(run, delayMs) {
      timers.push({ run, delayMs });
      return () => {};
    },
  });
  closing.push(async () => {
    await publisher.close();
    client.close();
    await service.stop();
  });
  const calls = (count: number) => expect.poll(() => outcomes.length, { timeout: 5_000 }).toBe(count);
  return { service, publisher, timers, outcomes, logged, calls };
}
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const one = (channel: string, seq = 1): Publication => ({ channel, event: entryEvent(seq) });

describe("what is published", () => {
  test("one event for many channels goes out by a hundred at most, each channel once", async () => {
    const { service, publisher } = await makePublisher();
    const event = entryEvent(5);
    const channels = Array.from({ length: 1_000 }, (_, i) => `private-account-${i}`);
    publisher.publish(channels.map((channel) => ({ channel, event })));
    const told = () => service.asked.flatMap(({ body }) => body.channels ?? []);
    await expect.poll(() => told().length).toBe(channels.length);
    expect(told().sort()).toEqual(channels.sort());
    expect(Math.max(...service.asked.map(({ body }) => body.channels?.length ?? 0))).toBeLessThanOrEqual(100);
    expect(service.asked.every(({ path, body }) => path === "/apps/7/events" && body.name === "entry")).toBe(true);
  });

  test("events of one channel arrive in order, by ten at most", async () => {
    const { service, publisher, calls } = await makePublisher();
    publisher.publish(Array.from({ length: 35 }, (_, i) => one("private-account-a", i + 1)));
    await calls(4);
    const seqs = service.asked.map(({ body }) => (body.batch ?? []).map(({ data }) => (JSON.parse(data) as { seq: number }).seq));
    expect(seqs.map((batch) => batch.length)).toEqual([10, 10, 10, 5]);
    expect(seqs.flat()).toEqual(Array.from({ length: 35 }, (_, i) => i + 1));
  });
});

describe("a service that fails", () => {
  test("is told about the channels it missed once it answers again: they look into the log", async () => {
    const { service, publisher, timers, calls, logged } = await makePublisher();
    service.answer = DOWN;
    for (const at of [1, 2, 3]) {
      publisher.publish([one("private-account-a", at)]);
      await calls(at);
    }
    // From here on it is left alone.
    publisher.publish([one("private-account-b"), one("private-account-c")]);
    await Promise.resolve();
    expect(timers).toHaveLength(1);
    timers.shift()?.run();
    await calls(4);
    await expect.poll(() => timers.length).toBe(1);
    expect(service.asked).toHaveLength(4);
    service.answer = OK;
    timers.shift()?.run();
    await calls(5);
    expect(service.asked.at(-1)?.body.name).toBe("look");
    expect(service.asked.at(-1)?.body.channels?.sort()).toEqual(["private-account-a", "private-account-b", "private-account-c"]);
    expect(logged).toEqual(["the real-time service does not answer; clients are told when it does", "the real-time service answers again"]);
    publisher.publish([one("private-account-d")]);
    await calls(6);
    expect(service.asked.at(-1)?.body).toMatchObject({ name: "entry", channels: ["private-account-d"] });
  });

  test("also when it answers 200 with an error inside", async () => {
    const { service, publisher, calls, outcomes, timers } = await makePublisher();
    service.answer = { status: 200, body: '{"code":413,"message":"too large"}' };
    publisher.publish([one("private-account-a")]);
    await calls(1);
    expect(outcomes).toEqual(["failed"]);
    expect(timers).toHaveLength(1);
  });

  test("is asked again while it does not know the key, and not about a session that it will never end", async () => {
    const { service, publisher, timers, calls } = await makePublisher();
    service.answer = { status: 401, body: "" };
    publisher.terminate("session-1");
    timers.shift()?.run();
    await calls(1);
    await expect.poll(() => timers.length).toBe(1);
    service.answer = { status: 404, body: "" };
    publisher.publish([one("private-account-a")]);
    await calls(2);
    service.answer = { status: 404, body: "" };
    timers.shift()?.run();
    // The session, and the look that makes up for the refused event.
    await calls(4);
    expect(service.asked.map(({ path }) => path.split("/").at(-1))).toEqual([
      "terminate_connections",
      "events",
      "terminate_connections",
      "events",
    ]);
    await publisher.close();
    expect(timers).toEqual([]);
  });

  test("waits longer each time, up to a quarter of a minute", async () => {
    const { service, publisher, timers, calls } = await makePublisher();
    service.answer = DOWN;
    publisher.publish([one("private-account-a")]);
    const delays: number[] = [];
    for (let at = 1; at <= 9; at++) {
      await calls(at);
      await expect.poll(() => timers.length).toBe(1);
      delays.push(timers[0]?.delayMs ?? 0);
      timers.shift()?.run();
    }
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });

  test("closes the sockets of an ended session as soon as it answers", async () => {
    const { service, publisher, timers, calls } = await makePublisher();
    service.answer = DOWN;
    publisher.terminate("session-1");
    timers.shift()?.run();
    await calls(1);
    await expect.poll(() => timers.length).toBe(1);
    service.answer = OK;
    timers.shift()?.run();
    await calls(2);
    expect(service.asked.map(({ path }) => path)).toEqual(Array(2).fill("/apps/7/users/session-1/terminate_connections"));
  });
});
