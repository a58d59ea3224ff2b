import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, expect, test } from "vitest";
import type { RegisterDevice, SignedManifest } from "@/server/contract/devices";
import type { DeviceId } from "@/server/contract/ids";
import { fixedUserId } from "@/server/contract/statements/test-account";
import { EngineDatabase, readMeta } from "../storage/database";
import { openWrapping } from "../storage/wrapping";
import { CallError } from "../transport/api";
import type { EngineContext } from "./engine-context";
import { openIdentity } from "./keyring";
import { clearStore, createAccountKeys } from "./registration";

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const account = { userId: fixedUserId("alice"), username: "alice", isAdmin: false };
let db: EngineDatabase;
let registered: { deviceId: DeviceId; manifest: SignedManifest } | undefined;

beforeEach(() => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
  registered = undefined;
});

/** A server that takes the first device only, like the real one. */
async function open(): Promise<EngineContext> {
  const register = async ({ deviceId, manifest }: RegisterDevice) => {
    registered ??= { deviceId, manifest };
    if (registered.deviceId !== deviceId) throw new CallError("stale_manifest");
  };
  const client = { devices: { register: { mutate: register } }, keys: { manifests: { query: async () => ({ manifests: [] }) } } };
  const api = { call: (run: (client: never) => Promise<unknown>) => run(client as never) } as unknown as EngineContext["api"];
  return { db, wrapping: await openWrapping(db, crypto.subtle, random), api, random, fraction: () => 0, now: () => 1 };
}

test("keys that were made after everything was forgotten can be read at the next start", async () => {
  const first = await open();
  await clearStore(db); // signed out
  await createAccountKeys(first, account, { kind: "first" });
  await expect(openIdentity(await open())).resolves.toBeDefined();
});

test("a second tab that makes keys too late leaves the device that the server took", async () => {
  const [one, other] = [await open(), await open()];
  await createAccountKeys(one, account, { kind: "first" });
  await createAccountKeys(other, account, { kind: "first" }).catch(() => {}); // it had found an account without keys, too
  expect((await readMeta(db, "account"))?.deviceId).toBe(registered?.deviceId);
});
