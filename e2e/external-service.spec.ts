/** A server whose real-time events go through an external service, for which the embedded server of another one stands. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { accepted, createTestEngine } from "../app/_engine/testing";
import { PASSWORD } from "./people";
import { type RunningServer, startServer } from "./server";

/** The address of a server's embedded service, from what it keeps in its data folder. */
function serviceAddress({ dataFolder, port }: RunningServer): string {
  const kept = JSON.parse(readFileSync(path.join(dataFolder, "secrets.json"), "utf8")) as Record<string, string>;
  const { PARLEY_REALTIME_APP_ID: id, PARLEY_REALTIME_KEY: key, PARLEY_REALTIME_SECRET: secret } = kept;
  return `http://${key}:${secret}@127.0.0.1:${port}/apps/${id}`;
}

/** The faults that a dead service causes are what is tested. */
const quiet = { reportFault: () => {} };

test("two people talk live through an external service, go on while it is down, and hear it all when it is back", async () => {
  const service = await startServer();
  const server = await startServer({ env: { PUSHER_URL: serviceAddress(service), PARLEY_LIMITS: "100" } });
  const [alice, bob] = [await createTestEngine(server.url, quiet), await createTestEngine(server.url, quiet)];
  try {
    for (const [engine, username] of [[alice, "alice"] as const, [bob, "bob"] as const]) {
      accepted(await engine.commands.signUp({ username, password: PASSWORD }));
      await engine.until("connection", {}, ({ state }) => state === "online");
    }
    const { chatId } = accepted(await alice.commands.openChat({ username: "bob" }));
    accepted(await bob.commands.openChat({ username: "alice" }));
    const say = async (text: string) => {
      accepted(await alice.commands.sendText({ chatId, text }));
      const shown = await bob.until("conversation", { chatId, limit: 50 }, (view) =>
        Boolean(view?.messages.some(({ body }) => body.kind === "text" && body.text === text)),
      );
      expect(shown?.messages.filter(({ body }) => body.kind === "text" && body.text === text)).toHaveLength(1);
    };
    await say("through the service");
    await service.kill9();
    await bob.until("connection", {}, ({ state }) => state === "polling");
    await say("while it is down");
    await service.restart();
    await bob.until("connection", {}, ({ state }) => state === "online");
    await say("after it came back");
  } finally {
    for (const engine of [alice, bob]) engine.close();
    await server.stop();
    await service.stop();
  }
});
