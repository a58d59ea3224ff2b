/** Random histories of a group: people with their keys and manifests, and a server that writes into the log whatever it likes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Forger, generationOf, HONEST, HOSTILE, newestOf, play, stepOf } from "../../testing/group-history";
import { testRuns } from "../../testing/test-runs";
import { toBase64 } from "../encodings";
import { type Audience, applyStatement, emptyGroupAudience, type GroupAudience, readersOf } from "./audience";
import { type CborValue, decodeStrict, encodeCanonical } from "./cbor";
import type { LaterAction } from "./control";
import type { ExpectedEntry } from "./group-chain";
import type { ParsedManifest } from "./manifest";
import { encodeManifestEntry } from "./manifest-entry";
import { accountSecret, fixedBytes, fixedUserId } from "./test-account";
import { firstManifestOf, joinOf, type Log, signAs } from "./test-group";

const forge: Forger = (world, { act, pick }, actor) => {
  const { log, model } = world;
  const rename: LaterAction = { type: "change-settings", changes: { nameHash: fixedBytes(`name ${pick}`) } };
  const own = { accountSecretKey: accountSecret(actor, generationOf(world, actor)) };
  const member = model.members.get(actor);
  const control = (statement: Uint8Array) => ({ kind: "control", statement }) as const;
  const manifest = (statement: Uint8Array) => ({ kind: "manifest", statement }) as const;
  switch (act) {
    case "forge":
      return control(signAs(actor, rename, log.place(), { accountSecretKey: accountSecret("mallory") }));
    case "replay": {
      const controls = log.entries.filter(({ kind }) => kind === "control");
      return controls[pick % controls.length] ?? null;
    }
    case "fork": {
      const { chatId, index } = log.place();
      const stale = log.chain().recentHeads.at(-2);
      return stale ? control(signAs(actor, rename, { chatId, index: index - (pick % 2), previousHash: stale }, own)) : null;
    }
    case "ghost":
      return manifest(entryOf(firstManifestOf("mallory")));
    case "junk":
      return (pick % 2 ? control : manifest)(fixedBytes(`junk ${pick}`));
    case "old manifest":
      return member ? manifest(entryOf(newestOf(world.accounts, actor), pick % 2 === 0)) : null;
    case "stolen key":
      return member?.generation === 1 ? null : control(signAs(actor, { type: "leave", deletesAccount: true }, log.place()));
    default:
      return control(signAs("mallory", joinOf("mallory"), log.place(), { inviteSecretKey: fixedBytes("another seed") }));
  }
};

function entryOf({ manifest, hash }: ParsedManifest, otherHash = false): Uint8Array {
  const { userId, generation, version } = manifest;
  return encodeManifestEntry({ v: 1, userId, generation, version, hash: otherHash ? fixedBytes("another manifest") : hash });
}

/** Somebody who reads the log in pages of their own size, stores what they know after each, and has a manifest only once they asked for it. */
function readLog(
  log: Log,
  pageSize: number,
  expected: ExpectedEntry[] = [],
): { verdicts: string[]; audience: GroupAudience; asked: number } {
  const held = new Map<string, ParsedManifest>();
  const verdicts: string[] = [];
  let audience: Audience = emptyGroupAudience(log.chatId, expected);
  let asked = 0;
  for (let at = 0; at < log.entries.length; at += pageSize) {
    for (const entry of log.entries.slice(at, at + pageSize)) {
      let applied = applyStatement(audience, entry, (hash) => held.get(toBase64(hash)) ?? null);
      while (!applied.ok && applied.reason === "needs_manifest") {
        asked++;
        held.set(toBase64(applied.manifestHash), log.manifestOf(applied.manifestHash) as ParsedManifest);
        applied = applyStatement(applied.audience, entry, (hash) => held.get(toBase64(hash)) ?? null);
      }
      verdicts.push(applied.ok ? `done: ${applied.effects.map(({ type }) => type)}` : applied.reason);
      audience = applied.audience;
    }
    audience = restored(audience);
  }
  return { verdicts, audience: audience as GroupAudience, asked };
}

function restored(audience: Audience): Audience {
  const decoded = decodeStrict(encodeCanonical(audience as unknown as CborValue));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value as unknown as Audience;
}

function readerIds(log: Log, audience: Audience): string[] {
  const { readers, missing } = readersOf(audience, ({ hash }) => {
    const parsed = log.manifestOf(hash);
    return parsed ? { ...parsed.manifest, hash } : undefined;
  });
  expect(missing).toEqual([]);
  return readers.map(({ userId }) => userId);
}

test("who is in a group, and in which role, is what the rules say, in every history", () => {
  fc.assert(
    fc.property(fc.array(stepOf(HONEST), { minLength: 5, maxLength: 30 }), (steps) => void play(steps)),
    { numRuns: 25 * testRuns() },
  );
});

test("server and clients judge every entry alike and end at the same audience, whatever is forged, repeated or branched off", () => {
  fc.assert(
    fc.property(
      fc.array(stepOf([...HONEST, ...HOSTILE]), { minLength: 5, maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (steps, pageSize) => {
        const { log, model, accounts, refused } = play(steps, forge);
        const server = readLog(log, 1);
        const client = readLog(log, pageSize);
        const [genesis, head] = [log.chain().recentHeads[0], log.chain().recentHeads.at(-1)] as [Uint8Array, Uint8Array];
        const welcome = [
          { index: 1, hash: genesis },
          { index: log.chain().count, hash: head },
        ];
        const newcomer = readLog(log, log.entries.length, welcome);
        expect(client.verdicts).toEqual(server.verdicts);
        expect(newcomer.verdicts).toEqual(server.verdicts);
        expect(client.audience).toEqual(server.audience);
        expect(server.audience).toEqual(log.audience());
        expect({ ...newcomer.audience, chain: { ...newcomer.audience.chain, expected: [] } }).toEqual(server.audience);
        const faults = server.verdicts.flatMap((verdict, i) => (verdict.startsWith("done") ? [] : [i + 1]));
        expect(faults).toEqual([...refused]);
        const readable = [...model.members].filter(([name, { generation }]) => newestOf(accounts, name).manifest.generation === generation);
        expect(readerIds(log, client.audience)).toEqual(readable.map(([name]) => fixedUserId(name)).sort());
      },
    ),
    { numRuns: 20 * testRuns() },
  );
});
