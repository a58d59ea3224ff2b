import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createCoalescing } from "./coalescing";

/** Both ends of a connection; `calls` counts how often the first end's bytes were handed to the system. */
async function makePair() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const to = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [from] = (await once(server, "connection")) as [Socket];
  const calls = { count: 0 };
  for (const name of ["_write", "_writev"] as const) {
    const original = from[name] as (...parameters: unknown[]) => void;
    from[name] = (...parameters: unknown[]) => {
      calls.count++;
      original.apply(from, parameters);
    };
  }
  const stop = () => {
    to.destroy();
    from.destroy();
    server.close();
  };
  return { from, to, calls, stop };
}

test("what is written in one turn leaves in one call, whole and in order", async () => {
  const { from, to, calls, stop } = await makePair();
  const write = createCoalescing();
  for (let turn = 1; turn <= 2; turn++) {
    for (const text of ["one ", "two ", "three"]) write(from, Buffer.from(text));
    expect(calls.count).toBe(turn - 1);

    expect(String((await once(to, "data"))[0])).toBe("one two three");

    expect(calls.count).toBe(turn);
  }
  stop();
});

test("a burst in one turn doesn't pile up: nothing waits that the system would take", async () => {
  const { from, to, stop } = await makePair();
  to.resume();
  const write = createCoalescing();
  let most = 0;

  for (let i = 0; i < 40; i++) {
    write(from, Buffer.alloc(1_000));
    most = Math.max(most, from.writableLength);
  }

  expect(most).toBeLessThanOrEqual(17_000);
  stop();
});
