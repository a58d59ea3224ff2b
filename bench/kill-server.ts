/** A thousand messages between two people while the server is killed ten times: prints what was lost, doubled or out of order.
 *  Run: npx tsx bench/kill-server.ts [messages] [kills] */
import { accepted, createTestEngine, type TestEngine } from "../app/_engine/testing";
import { startServer } from "../e2e/server";
import type { ChatId } from "../server/contract/ids";

const messages = Number(process.argv[2] ?? 1_000);
const kills = Number(process.argv[3] ?? 10);
const PASSWORD = "correct horse battery staple";

const server = await startServer({ env: { PARLEY_LIMITS: "1000", LOG_LEVEL: "warn" } });
try {
  const [alice, bob] = [await person("alice"), await person("bob")];
  const { chatId } = accepted(await alice.commands.openChat({ username: "bob" }));
  accepted(await bob.commands.openChat({ username: "alice" }));
  const startedAt = performance.now();
  const killing = killServer();
  await Promise.all([write(alice, chatId, "alice"), write(bob, chatId, "bob")]);
  await killing;
  const [read, seen] = [await settled(alice, chatId), await settled(bob, chatId)];
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(JSON.stringify({ messages, kills, seconds: Number(seconds.toFixed(1)), ...judge(read, seen) }));
  alice.close();
  bob.close();
} finally {
  await server.stop();
}
process.exit(0);

async function person(username: string): Promise<TestEngine> {
  const engine = await createTestEngine(server.url, { reportFault: () => {} });
  accepted(await engine.commands.signUp({ username, password: PASSWORD }));
  await engine.until("account", {}, (view) => view.phase === "ready");
  return engine;
}

async function write(engine: TestEngine, chatId: ChatId, name: string): Promise<void> {
  for (let i = 0; i < messages / 2; i++) {
    accepted(await engine.commands.sendText({ chatId, text: `${name} ${i}` }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function killServer(): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1_500));
    await server.kill9();
    await server.restart();
  }
}

/** The texts in the order shown, once nothing waits any more. */
async function settled(engine: TestEngine, chatId: ChatId): Promise<string[]> {
  const view = await engine.until("conversation", { chatId, limit: messages + 100 }, (conversation) => {
    const texts = (conversation?.messages ?? []).filter((message) => message.body.kind === "text");
    return texts.length >= messages && texts.every((message) => message.seq !== undefined);
  });
  return (view?.messages ?? []).flatMap((message) => (message.body.kind === "text" ? [message.body.text] : []));
}

function judge(alice: string[], bob: string[]) {
  const wanted = ["alice", "bob"].flatMap((name) => Array.from({ length: messages / 2 }, (_, i) => `${name} ${i}`));
  const counts = (texts: string[]) => new Map(texts.map((text) => [text, texts.filter((other) => other === text).length]));
  const lost = [alice, bob].map((texts) => wanted.filter((text) => !texts.includes(text)).length);
  const doubled = [alice, bob].map((texts) => [...counts(texts).values()].filter((count) => count > 1).length);
  const own = (texts: string[], name: string) => texts.filter((text) => text.startsWith(name)).map((text) => Number(text.split(" ")[1]));
  const ascending = (numbers: number[]) => numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number));
  return {
    lost,
    doubled,
    sameOrder: JSON.stringify(alice) === JSON.stringify(bob),
    inOrderWritten: ascending(own(bob, "alice")) && ascending(own(alice, "bob")),
  };
}
