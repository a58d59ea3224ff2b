import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import type { ChatId } from "@/server/contract/ids";
import { EngineDatabase, writeMeta } from "../storage/database";
import { createLocks } from "../testing";
import { type Leadership, LostLeadership, whenLeader } from "./leadership";
import { clearStore } from "./registration";

let db: EngineDatabase;
beforeEach(() => {
  db = new EngineDatabase("test", { indexedDB: new IDBFactory(), IDBKeyRange });
});

/** Leads `terms` times, `work` being one term, then stops. */
async function lead(terms: number, work: (leadership: Leadership) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  await whenLeader({ db, locks: createLocks(), name: "leader", signal: stop.signal }, async (leadership) => {
    await work(leadership);
    terms -= 1;
    if (terms === 0) stop.abort();
  });
}

describe("one owner of the ratchets", () => {
  test("leads again after its term ended, under another number", async () => {
    const numbers: number[] = [];
    await lead(3, async ({ number }) => {
      numbers.push(number);
    });
    expect(numbers).toEqual([1, 2, 3]);
  });

  test("stores nothing of an account that was cleared meanwhile, and goes on with the next one", async () => {
    let first: Leadership | undefined;
    await lead(2, async (leadership) => {
      if (first) return leadership.check();
      first = leadership;
      await leadership.check();
      await writeMeta(db, "prekeys", { pendingUpload: null, nextKeyId: 7 });
      await db.drafts.put({ chatId: "c" as ChatId, text: "half a thought" });
      await clearStore(db);
      await expect(leadership.check()).rejects.toBeInstanceOf(LostLeadership);
    });
    await expect(first?.check()).rejects.toBeInstanceOf(LostLeadership);
    expect(await db.drafts.count()).toBe(0);
    expect((await db.meta.toArray()).map(({ key }) => key)).toEqual(["leader"]);
  });
});
