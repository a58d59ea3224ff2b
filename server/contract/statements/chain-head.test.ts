import { describe, expect, test } from "vitest";
import { MAX_RECENT_HEADS } from "../limits";
import { ed25519PublicKey } from "../signatures";
import { judgeChainHead } from "./chain-head";
import { type LaterAction, parseControl } from "./control";
import { emptyChain, type GroupChain, headOf, judgeControl, type RekeyEvidence } from "./group-chain";
import { accountSecret, fixedBytes, fixedUserId } from "./test-account";
import { createLog, firstManifestOf, type Log, newKeyOf, person } from "./test-group";
import { unpinnedKeys } from "./unpinned-keys";

const NOTHING: RekeyEvidence = { namedManifestOf: () => null, manifestOf: () => null };
const trio = () => createLog([person("alice", "owner"), person("bob", "admin"), person("carol")]);
const rename = (name: string): LaterAction => ({ type: "change-settings", changes: { nameHash: fixedBytes(name) } });
const removal = (name: string): LaterAction => ({ type: "remove", userIds: [fixedUserId(name)] });
function parsed(statement: Uint8Array) {
  const control = parseControl(statement);
  if (!control.ok) throw new Error(control.reason);
  return control;
}

describe("what the chain says to whoever looks", () => {
  test("add_with_servers_key: a key that isn't the pinned one is shown beside it, whoever named it", () => {
    const log = trio();
    const servers = { ...person("dave"), accountKey: ed25519PublicKey(accountSecret("server")) };
    const added = log.act("alice", { type: "add", members: [servers] });
    const pinned = person("dave").accountKey;
    const pins = new Map([[fixedUserId("dave"), pinned]]);
    const warned = unpinnedKeys(added.ok ? added.effects : [], (userId) => pins.get(userId) ?? null);
    expect(warned).toEqual([{ userId: fixedUserId("dave"), accountKey: servers.accountKey, pinnedAccountKey: pinned }]);
    const corrected = log.act("alice", { type: "add", members: [person("dave")] });
    expect(corrected).toMatchObject({ ok: true, effects: [{ type: "identity_replaced", previousAccountKey: servers.accountKey }] });
    expect(unpinnedKeys(corrected.ok ? corrected.effects : [], (userId) => pins.get(userId) ?? null)).toEqual([]);
    expect(unpinnedKeys(added.ok ? added.effects : [], () => null)).toEqual([]);
    const rekeyed = { type: "rekeyed", userId: fixedUserId("dave"), previousAccountKey: pinned, accountKey: servers.accountKey } as const;
    expect(unpinnedKeys([rekeyed, { type: "removed", userId: fixedUserId("dave") }], () => pinned)).toEqual(warned);
  });

  test("link and welcome are believed before the server: another chain is not taken", () => {
    const log = trio();
    log.act("carol", rename("one"));
    const genesis = parsed(log.entries[0]?.statement as Uint8Array);
    const second = parsed(log.entries[1]?.statement as Uint8Array);
    const judgeAll = (start: GroupChain) =>
      log.entries.reduce<{ chain: GroupChain; reasons: string[] }>(
        ({ chain, reasons }, { statement }) => {
          const judged = judgeControl(chain, statement, NOTHING);
          if (judged.verdict === "applied") return { chain: judged.chain, reasons: [...reasons, "applied"] };
          return { chain, reasons: [...reasons, judged.verdict === "fault" ? judged.reason : judged.verdict] };
        },
        { chain: start, reasons: [] },
      );
    const right = [
      { index: 1, hash: genesis.hash },
      { index: 2, hash: second.hash },
    ];
    expect(judgeAll(emptyChain(log.chatId, right)).reasons).toEqual(["applied", "applied"]);
    expect(judgeAll(emptyChain(log.chatId, [{ index: 1, hash: fixedBytes("other") }])).reasons).toEqual(["not_expected", "wrong_link"]);
    expect(judgeAll(emptyChain(log.chatId, [{ index: 2, hash: fixedBytes("other") }])).reasons).toEqual(["applied", "not_expected"]);
  });

  test("a named head fits while the same people are members; after a change of members it is a fork, and an unknown one is fetched", () => {
    const log = trio();
    const heads = [headOf(log.chain())];
    const step = (name: string, action: LaterAction) => {
      expect(log.act(name, action).ok).toBe(true);
      heads.push(headOf(log.chain()));
    };
    const verdicts = () => heads.map((head) => judgeChainHead(log.chain(), head as Uint8Array));
    step("carol", rename("one"));
    step("alice", { type: "change-role", userId: fixedUserId("carol"), role: "admin" });
    expect(verdicts()).toEqual(["fits", "fits", "fits"]);
    step("alice", { type: "add", members: [person("dave")] });
    step("carol", rename("two"));
    expect(verdicts()).toEqual(["fork", "fork", "fork", "fits", "fits"]);
    expect(judgeChainHead(log.chain(), fixedBytes("another head"))).toBe("unknown");
    expect(judgeChainHead(emptyChain(log.chatId), heads[0] as Uint8Array)).toBe("unknown");
  });

  test("a member's new key changes who reads, as everybody who comes or goes does", () => {
    const log = trio();
    const [rotated, reset] = [newKeyOf("carol", firstManifestOf("carol"), true), newKeyOf("bob", firstManifestOf("bob"), false)];
    for (const manifest of [firstManifestOf("carol"), rotated]) log.name(manifest);
    const { role, userId, ...key } = person("carol", "member", rotated);
    const changes: [string, LaterAction, Parameters<Log["act"]>[2]?][] = [
      ["carol", { type: "rekey", ...key }, { accountSecretKey: accountSecret("carol", 2) }],
      ["alice", { type: "add", members: [person("bob", "admin", reset)] }],
      ["alice", removal("carol")],
      ["alice", { type: "leave", deletesAccount: true }],
    ];
    for (const [name, action, keys] of changes) {
      const head = headOf(log.chain()) as Uint8Array;
      expect(log.act(name, action, keys).ok).toBe(true);
      expect([name, judgeChainHead(log.chain(), head)]).toEqual([name, "fork"]);
    }
  });

  test("an entry without effect changes no membership", () => {
    const log = trio();
    const head = headOf(log.chain()) as Uint8Array;
    log.force("carol", removal("alice"));
    expect(judgeChainHead(log.chain(), head)).toBe("fits");
  });

  test("of its past a chain keeps 64 heads", () => {
    const log = trio();
    const head = headOf(log.chain()) as Uint8Array;
    for (let i = 1; i < MAX_RECENT_HEADS; i++) log.force("carol", rename(`${i}`));
    expect(judgeChainHead(log.chain(), head)).toBe("fits");
    log.force("carol", rename("one more"));
    expect(judgeChainHead(log.chain(), head)).toBe("unknown");
    expect(log.chain().recentHeads).toHaveLength(MAX_RECENT_HEADS);
  });
});
