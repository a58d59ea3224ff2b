/** What the protocol core costs in microseconds: this repository's two suites beside Signal's own library and @privacyresearch's, in one
 *  run. `pqxdh` is what the product pays, `x3dh` what compares like for like. Each figure is the median of rounds in which all libraries
 *  take turns, so that noise meets them alike.
 *  Run: npx tsx bench/signal.ts */
import { pqxdh } from "../app/_engine/signal/pqxdh";
import { parleySenderKeys } from "../app/_engine/signal/sender-keys/format";
import { bundleSignal } from "../app/_engine/signal/testing/bundle";
import { whisperGroup } from "../app/_engine/signal/testing/whisper-group";
import { x3dh } from "../app/_engine/signal/testing/x3dh";
import { type Awaitable, type Library, type Message, native, parley, privacyresearch, type Side } from "./signal-libraries";

const ROUNDS = 9;
const ROUND_MS = 40;
const WARM_UP_MS = 250;

/** One operation, ready to be repeated. `prepare` is not timed; it makes what the next `count` operations use up. */
type Work = { prepare?(count: number): Promise<void>; run(): unknown };
/** Null where a library has no such thing. */
type Row = { readonly name: string; work(library: Library): Promise<Work | null> };

const rows: Row[] = [
  { name: "identity key", work: async (library) => ({ run: () => library.identity() }) },
  { name: "100 one-time prekeys", work: async (library) => ({ run: () => library.oneTimePrekeys(100) }) },
  { name: "20 KEM prekeys", work: async ({ kemPrekeys }) => (kemPrekeys ? { run: () => kemPrekeys(20) } : null) },
  { name: "session start, first message", work: startWork },
  { name: "first message opened", work: openWork },
  { name: "encrypt 100 B", work: (library) => encryptWork(library, new Uint8Array(100)) },
  { name: "decrypt 100 B", work: (library) => decryptWork(library, new Uint8Array(100)) },
  { name: "encrypt 4 kB", work: (library) => encryptWork(library, new Uint8Array(4_096)) },
  { name: "decrypt 4 kB", work: (library) => decryptWork(library, new Uint8Array(4_096)) },
  { name: "ratchet turn (both sides)", work: turnWork },
  { name: "sender key: encrypt 100 B", work: groupEncryptWork },
  { name: "sender key: decrypt 100 B", work: groupDecryptWork },
];

const libraries = [parley("pqxdh", pqxdh, parleySenderKeys), parley("x3dh", x3dh, whisperGroup), native, privacyresearch];
const columns = [...libraries.map(({ name }) => name), "x3dh : libsignal", "privacyresearch : x3dh"];
print("µs", columns);
for (const row of rows) {
  const medians = await measure(row);
  const [, ours, official, earlier] = medians;
  const figures = [...medians, ratio(ours, official), ratio(earlier, ours)];
  print(
    row.name,
    figures.map((figure) => figure?.toFixed(1) ?? "–"),
  );
}
const { gzipBytes } = await bundleSignal();
console.log(`\nbundle of app/_engine/signal: ${gzipBytes} bytes (minified, gzip)`);

function print(name: string, cells: string[]): void {
  console.log(name.padEnd(28) + cells.map((cell, i) => cell.padStart(Math.max(9, (columns[i] as string).length) + 2)).join(""));
}

function ratio(dividend: number | null | undefined, divisor: number | null | undefined): number | null {
  return dividend && divisor ? dividend / divisor : null;
}

/** Microseconds per operation of each library, in the order of `libraries`. */
async function measure(row: Row): Promise<(number | null)[]> {
  const works = await Promise.all(libraries.map((library) => row.work(library)));
  const counts = await inTurn(works, (work) => warmUp(work));
  const rounds: (number | null)[][] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await inTurn(works, (work, at) => timed(work, counts[at] as number)));
  return works.map((work, at) => work && median(rounds.map((round) => round[at] as number)));
}

async function inTurn(works: (Work | null)[], each: (work: Work, at: number) => Promise<number>): Promise<(number | null)[]> {
  const results: (number | null)[] = [];
  for (const [at, work] of works.entries()) results.push(work && (await each(work, at)));
  return results;
}

/** Runs until the code is compiled, and returns how many operations fill a round. */
async function warmUp(work: Work): Promise<number> {
  let [count, us] = [1, await timed(work, 1)];
  const endMs = performance.now() + WARM_UP_MS;
  while (performance.now() < endMs) {
    count = Math.max(1, Math.round((ROUND_MS * 1_000) / us));
    us = await timed(work, count);
  }
  return count;
}

async function timed(work: Work, count: number): Promise<number> {
  await work.prepare?.(count);
  const startMs = performance.now();
  for (let i = 0; i < count; i++) await work.run();
  return ((performance.now() - startMs) * 1_000) / count;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

async function startWork(library: Library): Promise<Work> {
  const [alice] = await library.pair();
  return { run: () => firstMessage(alice) };
}

async function openWork(library: Library): Promise<Work> {
  const [alice, bob] = await library.pair();
  const message = await firstMessage(alice);
  const run = async () => {
    await bob.forget();
    await bob.decrypt(message);
  };
  return { run };
}

async function encryptWork(library: Library, plaintext: Uint8Array): Promise<Work> {
  const [alice] = await acquainted(library);
  return { run: () => alice.encrypt(plaintext) };
}

async function decryptWork(library: Library, plaintext: Uint8Array): Promise<Work> {
  const [alice, bob] = await acquainted(library);
  return openingWork<Message>(
    () => alice.encrypt(plaintext),
    (message) => bob.decrypt(message),
  );
}

/** Opens messages that were made before, each once and in their order. */
function openingWork<Each>(make: () => Awaitable<Each>, open: (message: Each) => unknown): Work {
  const messages: Each[] = [];
  return {
    async prepare(count) {
      for (let i = 0; i < count; i++) messages.push(await make());
      messages.reverse();
    },
    run: () => open(messages.pop() as Each),
  };
}

/** A message that answers the one before: new keys at its sender, and at its receiver. */
async function turnWork(library: Library): Promise<Work> {
  let sides: readonly [Side, Side];
  return {
    // NOTE: a new pair each time, because @privacyresearch's record grows with each turn.
    async prepare() {
      const [alice, bob] = await acquainted(library);
      sides = [bob, alice];
    },
    async run() {
      const [from, to] = sides;
      await to.decrypt(await from.encrypt(new Uint8Array(100)));
      sides = [to, from];
    },
  };
}

async function groupEncryptWork(library: Library): Promise<Work | null> {
  const group = await library.group?.();
  return group ? { run: () => group.encrypt(new Uint8Array(100)) } : null;
}

async function groupDecryptWork(library: Library): Promise<Work | null> {
  const group = await library.group?.();
  return group
    ? openingWork<Uint8Array>(
        () => group.encrypt(new Uint8Array(100)),
        (message) => group.decrypt(message),
      )
    : null;
}

async function firstMessage(side: Side): Promise<Message> {
  await side.forget();
  await side.start();
  return side.encrypt(new Uint8Array(100));
}

/** Two devices in a session that both have answered in; it is the first one's turn, and its chain has begun. */
async function acquainted(library: Library): Promise<readonly [Side, Side]> {
  const [alice, bob] = await library.pair();
  const say = async (from: Side, to: Side) => {
    const plaintext = crypto.getRandomValues(new Uint8Array(100));
    const opened = await to.decrypt(await from.encrypt(plaintext));
    if (Buffer.compare(opened, plaintext) !== 0) throw new Error(`${library.name} opened something else`);
  };
  await alice.start();
  await say(alice, bob);
  await say(bob, alice);
  await say(alice, bob);
  return [alice, bob];
}
