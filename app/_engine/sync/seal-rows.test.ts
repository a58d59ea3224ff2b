import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import type { DeviceId, MessageId } from "@/server/contract/ids";
import { ed25519PublicKey } from "@/server/contract/signatures";
import { applyStatement, emptyAudience } from "@/server/contract/statements/audience";
import { individualChatId } from "@/server/contract/statements/chat-id";
import { type Manifest, parseManifest, signManifest, toSignedManifest } from "@/server/contract/statements/manifest";
import { encodeManifestEntry } from "@/server/contract/statements/manifest-entry";
import { nextManifest, pinOf } from "@/server/contract/statements/manifest-pin";
import { accountSecret, device, firstOf, fixedBytes, fixedUserId } from "@/server/contract/statements/test-account";
import { type ChatRow, EngineDatabase, writeMeta } from "../storage/database";
import { wrapSecrets } from "../storage/secrets";
import { openWrapping } from "../storage/wrapping";
import { takeManifests } from "./contacts";
import type { EngineContext } from "./engine-context";
import { sealRows } from "./seal-rows";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const [alice, bob] = [fixedUserId("alice"), fixedUserId("bob")];
const chatId = individualChatId(alice, bob);
const row = { order: 1, chatId, messageId: "m" as MessageId, kind: "text", counter: 1, createdAtMs: 0, sealed: null, attempts: 0 } as const;

let db: EngineDatabase;
let ctx: EngineContext;
let claimed: DeviceId[];

beforeEach(async () => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  claimed = [];
  const wrapping = await openWrapping(db, crypto.subtle, random);
  // The server knows how to answer one question only: it has no prekeys, and remembers for whom some were wanted.
  const claim = async ({ deviceIds }: { deviceIds: DeviceId[] }) => {
    claimed.push(...deviceIds);
    return { bundles: [] };
  };
  const client = { keys: { claim: { mutate: claim } } };
  const api = { call: (run: (client: never) => Promise<unknown>) => run(client as never) } as unknown as EngineContext["api"];
  ctx = { db, wrapping, api, random, fraction: () => 0, now: () => 1 };
  const account = { userId: alice, username: "alice", deviceId: device("alice", 1).deviceId, isAdmin: false };
  const state = { pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0 };
  await writeMeta(db, "account", { ...account, ...state });
  const secret = { kind: "identity", keyId: 0, secret: fixedBytes("identity"), createdAtMs: 0, replacedAtMs: null } as const;
  await db.secrets.bulkPut(await wrapSecrets(wrapping, [secret]));
  await believe(signed(firstOf("alice"), accountSecret("alice")));
});

const leadership = { number: 1, check: async () => {} };

function signed(manifest: Manifest, accountSecretKey: Uint8Array) {
  const bytes = signManifest({ manifest, accountSecretKey });
  const parsed = parseManifest(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { json: toSignedManifest(bytes), pin: pinOf(parsed) };
}
type Published = ReturnType<typeof signed>;

/** Alice's device is handed a manifest. */
async function believe({ json, pin }: Published): Promise<void> {
  const { contact, rows } = takeManifests(await db.contacts.get(pin.userId), pin.userId, [json]);
  if (contact) await db.contacts.put(contact);
  await db.manifests.bulkPut(rows);
}

/** A chat whose log names these manifests. */
async function chatNaming(...named: Published[]): Promise<void> {
  let audience = emptyAudience(chatId, [alice, bob]);
  for (const [i, { pin }] of named.entries()) {
    const { userId, generation, version, hash } = pin;
    const statement = encodeManifestEntry({ v: 1, userId, generation, version, hash });
    audience = applyStatement(audience, { seq: i + 1, kind: "manifest", statement }, () => null).audience;
  }
  const members = [alice, bob].map((userId) => ({ userId, username: userId, deleted: false }));
  const chat = { chatId, type: "individual", members, audience, audienceSeq: audience.seq, sendCounter: 0 };
  await db.chats.put(chat as unknown as ChatRow);
}

/** Seals, whatever comes of it: the test is for whom it was meant. */
async function trySealing(): Promise<string> {
  return sealRows(ctx, leadership, chatId, [row]).then(
    ({ state }) => state,
    (error: Error) => error.name,
  );
}

describe("nothing is encrypted", () => {
  const own = signed(firstOf("alice"), accountSecret("alice"));
  const first = signed(firstOf("bob"), accountSecret("bob"));
  const thief = fixedBytes("thief's account key");
  const keys = { accountKey: ed25519PublicKey(thief), recoveryPublicKey: ed25519PublicKey(fixedBytes("thief's recovery key")) };
  const planted = signed(nextManifest(first.pin, { ...keys, devices: [device("bob", 9)], issuedAtMs: 2 }), thief);
  const genuine = signed(nextManifest(first.pin, { devices: [device("bob", 2)], issuedAtMs: 3 }), accountSecret("bob"));

  test("to a key that nobody accepted, although the owner's next manifest ended the warning", async () => {
    await believe(first);
    await believe(planted);
    expect((await db.contacts.get(bob))?.candidate).not.toBeNull();
    await chatNaming(own, first, planted);
    expect(await trySealing()).toBe("held");
    await believe(genuine);
    await trySealing();
    expect(claimed).not.toContain(device("bob", 9).deviceId);
  });

  test("to a device that a newer manifest removed, although the log names the older one", async () => {
    await believe(first);
    await believe(genuine);
    await chatNaming(own, first);
    await trySealing();
    expect(claimed).not.toContain(device("bob", 1).deviceId);
  });

  test("but to the devices of the manifest that log and pin agree on", async () => {
    await believe(first);
    await chatNaming(own, first);
    expect(await trySealing()).toBe("Postponed"); // no prekeys
    expect(claimed).toEqual([device("bob", 1).deviceId]);
  });
});
