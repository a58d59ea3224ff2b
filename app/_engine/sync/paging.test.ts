import { expect, test } from "vitest";
import type { Entry } from "@/server/contract/chats";
import type { SignedManifest } from "@/server/contract/devices";
import { toBase64 } from "@/server/contract/encodings";
import type { ChatId, DeviceId, MessageId } from "@/server/contract/ids";
import { ed25519PublicKey } from "@/server/contract/signatures";
import { type ParsedManifest, toSignedManifest } from "@/server/contract/statements/manifest";
import { nextManifest, pinOf } from "@/server/contract/statements/manifest-pin";
import { accountSecret, device, firstOf, fixedUserId, publish, recoverySecret } from "@/server/contract/statements/test-account";
import type { Api } from "../transport/api";
import { statementsBefore } from "./chat-store";
import { manifestsAfter, takeManifests } from "./contacts";

const userId = fixedUserId("bob");
const chatId = "11111111-1111-4111-8111-111111111111" as ChatId;
const apiOf = (client: unknown) => ({ call: (run: (client: never) => unknown) => run(client as never) }) as unknown as Api;

/** A chain in which the account key changes in the middle without anything that confirms it. */
function chain(length: number): ParsedManifest[] {
  const all = [publish("bob", firstOf("bob"))];
  for (let n = 2; n <= length; n++) {
    const last = pinOf(all.at(-1) as ParsedManifest);
    const keys = { accountKey: ed25519PublicKey(accountSecret("bob", 2)), recoveryPublicKey: ed25519PublicKey(recoverySecret("bob", 2)) };
    const changes = n === 4 ? { ...keys, devices: [device("bob", n)] } : { devices: [device("bob", n)] };
    all.push(publish("bob", nextManifest(last, { ...changes, issuedAtMs: n })));
  }
  return all;
}

/** A server that hands out `perPage` manifests at a time. */
function manifestServer(all: ParsedManifest[], perPage: number) {
  const asked: number[] = [];
  const query = async ({ afterGeneration, afterVersion }: { afterGeneration: number; afterVersion: number }) => {
    asked.push(afterVersion);
    const above = all.filter(
      ({ manifest: { generation, version } }) => generation > afterGeneration || (generation === afterGeneration && version > afterVersion),
    );
    return { manifests: above.slice(0, perPage).map(({ signed }) => toSignedManifest(signed)) };
  };
  return { api: apiOf({ keys: { manifests: { query } } }), asked };
}

test("a chain of manifests is asked for until all of it is here, whatever fits into one answer", async () => {
  const all = chain(7);
  const { api } = manifestServer(all, 2);
  const manifests = await manifestsAfter(api, userId);
  expect(manifests).toEqual(all.map(({ signed }) => toSignedManifest(signed)));
  // Judged as one: a new key in the past of an account that nobody here knew is no change.
  expect(takeManifests(undefined, userId, manifests).contact).toMatchObject({ candidate: null, pin: { generation: 2, version: 7 } });
});

test("what is known is not asked for again, and a server that repeats itself is not asked for ever", async () => {
  const all = chain(5);
  const { api, asked } = manifestServer(all, 10);
  expect(await manifestsAfter(api, userId, pinOf(all[2] as ParsedManifest))).toHaveLength(2);
  expect(asked).toEqual([3, 5]);
  const same: SignedManifest[] = [toSignedManifest((all[0] as ParsedManifest).signed)];
  const stuck = apiOf({ keys: { manifests: { query: async () => ({ manifests: same }) } } });
  expect((await manifestsAfter(stuck, userId)).length).toBeLessThanOrEqual(2);
});

test("the statements before a device's time are asked for until the last of them", async () => {
  const log = Array.from({ length: 25 }, (_, i): Entry => {
    const ids = { messageId: `m${i}` as MessageId, senderId: userId, senderDeviceId: "d" as DeviceId };
    const bytes = { statementBase64: toBase64(Uint8Array.of(i)), bodyBase64: null, partBase64: null };
    return { seq: 3 * i + 1, kind: "manifest", sentAtMs: i, ...ids, ...bytes };
  });
  const asked: number[] = [];
  const query = async ({ afterSeq }: { afterSeq: number }) => {
    asked.push(afterSeq);
    return { entries: log.filter(({ seq }) => seq > afterSeq).slice(0, 10) };
  };
  const api = apiOf({ chats: { statements: { query } } });
  expect((await statementsBefore(api, { chatId, startSeq: 61 })).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 21 }, (_, i) => 3 * i + 1),
  );
  expect(asked).toEqual([0, 28, 58]);
  expect(await statementsBefore(api, { chatId, startSeq: 1000 })).toHaveLength(25);
});
