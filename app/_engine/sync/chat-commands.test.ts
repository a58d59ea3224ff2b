import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import type { SignedManifest } from "@/server/contract/devices";
import type { UserId } from "@/server/contract/ids";
import { ed25519PublicKey } from "@/server/contract/signatures";
import { emptyAudience } from "@/server/contract/statements/audience";
import { individualChatId } from "@/server/contract/statements/chat-id";
import { type Manifest, parseManifest, signDevice, signManifest, toSignedManifest } from "@/server/contract/statements/manifest";
import { firstManifest, type ManifestPin, nextManifest, pinOf } from "@/server/contract/statements/manifest-pin";
import { accountSecret, device, firstOf, fixedBytes, fixedUserId } from "@/server/contract/statements/test-account";
import { generateIdentityKeyPair } from "../signal/keys";
import { type ChatRow, EngineDatabase, writeMeta } from "../storage/database";
import { openWrapping } from "../storage/wrapping";
import { chatCommands } from "./chat-commands";
import { syncContact, takeManifests } from "./contacts";
import type { EngineContext } from "./engine-context";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const [alice, bob, mallory] = [fixedUserId("alice"), fixedUserId("bob"), fixedUserId("mallory")];
const chatId = individualChatId(alice, bob);

let db: EngineDatabase;
let ctx: EngineContext;
/** What the server hands out of each account, two at a time. */
let published: Map<UserId, { json: SignedManifest; pin: ManifestPin }[]>;
let found: UserId;

beforeEach(async () => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  published = new Map();
  const manifests = async ({ userId, afterVersion }: { userId: UserId; afterVersion: number }) => ({
    manifests: (published.get(userId) ?? [])
      .filter(({ pin }) => pin.version > afterVersion)
      .slice(0, 2)
      .map(({ json }) => json),
  });
  const info = (userId: UserId) => ({
    ...{ chatId: individualChatId(alice, userId), type: "individual", createdAtMs: 0, watermarks: [] },
    ...{ lastSeq: 0, floorSeq: 0, audienceSeq: 0, startSeq: 0, acknowledgedSeq: 0 },
    members: [alice, userId].map((each) => ({ userId: each, username: each === alice ? "alice" : "bob", deleted: false })),
  });
  const client = {
    keys: { manifests: { query: manifests } },
    accounts: { find: { mutate: async () => ({ userId: found }) } },
    chats: { open: { mutate: async ({ userId }: { userId: UserId }) => info(userId) } },
  };
  const api = { call: (run: (client: never) => Promise<unknown>) => run(client as never) } as unknown as EngineContext["api"];
  ctx = { db, wrapping: await openWrapping(db, crypto.subtle, random), api, random, fraction: () => 0, now: () => 1 };
  const state = { pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0, isAdmin: false };
  await writeMeta(db, "account", { userId: alice, username: "alice", deviceId: device("alice", 1).deviceId, ...state });
  const members = [alice, bob].map((userId) => ({ userId, username: userId, deleted: false }));
  await db.chats.put({
    chatId,
    type: "individual",
    members,
    audience: emptyAudience(chatId, [alice, bob]),
    audienceSeq: 0,
  } as unknown as ChatRow);
  for (const name of ["alice", "bob"]) {
    const first = publish(firstOf(name), accountSecret(name));
    const { contact, rows } = takeManifests(undefined, fixedUserId(name), [first.json]);
    if (contact) await db.contacts.put(contact);
    await db.manifests.bulkPut(rows);
  }
});

function publish(manifest: Manifest, accountSecretKey: Uint8Array) {
  const bytes = signManifest({ manifest, accountSecretKey });
  const parsed = parseManifest(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  const one = { json: toSignedManifest(bytes), pin: pinOf(parsed) };
  published.set(manifest.userId, [...(published.get(manifest.userId) ?? []), one]);
  return one;
}

const keysFrom = (secret: Uint8Array) => ({ accountKey: ed25519PublicKey(secret), recoveryPublicKey: ed25519PublicKey(fixedBytes("r")) });

describe("verifying", () => {
  test("holds for the key whose number was shown, not for one that came while it was compared", async () => {
    const commands = chatCommands(ctx);
    const shown = await commands.safetyNumber({ chatId });
    expect(shown.ok).toBe(true);
    const first = published.get(bob)?.[0]?.pin as ManifestPin;
    const planted = fixedBytes("planted");
    publish(nextManifest(first, { ...keysFrom(planted), devices: [device("bob", 9)], issuedAtMs: 2 }), planted);
    await syncContact(ctx, bob); // the leader hears of it meanwhile
    const digits = shown.ok ? shown.value.digits : "";
    expect(await commands.setVerified({ chatId, verified: true, digits })).toMatchObject({ ok: false, code: "key_changed" });
    const contact = await db.contacts.get(bob);
    expect(contact?.verifiedAccountKey ?? null).not.toEqual(ed25519PublicKey(planted));
    expect(contact?.candidate?.accountKey).toEqual(ed25519PublicKey(planted));
  });
});

describe("finding a person", () => {
  test("by a name that is known already does not open a chat with another account", async () => {
    const secret = fixedBytes("mallory's account key");
    const identity = generateIdentityKeyPair(random);
    const devices = [
      signDevice({ userId: mallory, deviceId: device("bob", 9).deviceId, identityPrivateKey: identity.privateKey, addedAtMs: 1, random }),
    ];
    publish(firstManifest({ userId: mallory, username: "bob", ...keysFrom(secret), devices, issuedAtMs: 1 }), secret);
    found = mallory;
    const outcome = await chatCommands(ctx).openChat({ username: "bob" });
    expect(outcome.ok).toBe(false);
  });

  test("whom the server answers with somebody else opens no chat", async () => {
    const secret = fixedBytes("mallory's account key");
    publish(
      firstManifest({ userId: mallory, username: "mallory", ...keysFrom(secret), devices: [device("mallory", 1)], issuedAtMs: 1 }),
      secret,
    );
    found = mallory;
    expect((await chatCommands(ctx).openChat({ username: "carol" })).ok).toBe(false);
  });
});
