/** Keeps this device reachable: refills one-time prekeys, replaces the signed ones by age, deletes what nobody can use any more. */
import type { PrekeyUpload } from "@/server/contract/devices";
import {
  KEM_ONE_TIME_PREKEYS,
  ONE_TIME_PREKEYS,
  REFILL_KEM_BELOW,
  REFILL_ONE_TIME_BELOW,
  SIGNED_PREKEY_KEEP_MS,
  SIGNED_PREKEY_ROTATE_MS,
} from "@/server/contract/limits";
import { type EngineDatabase, readMeta, type SecretRow, writeMeta } from "../storage/database";
import { wrapSecrets } from "../storage/secrets";
import type { EngineContext } from "./engine-context";
import { openIdentity } from "./keyring";
import type { Leadership } from "./leadership";
import { makePrekeys } from "./new-prekeys";

/** Asks the server what is left and uploads what is missing. Throws CallError, LostLeadership. */
export async function keepPrekeysStocked(ctx: EngineContext, leadership: Leadership): Promise<void> {
  await uploadPending(ctx);
  const left = await ctx.api.call((c) => c.keys.count.query());
  const newest = (await signedRows(ctx.db)).reduce((latest, row) => Math.max(latest, row.createdAtMs), 0);
  const wanted = {
    signed: ctx.now() - newest > SIGNED_PREKEY_ROTATE_MS,
    oneTime: left.oneTime < REFILL_ONE_TIME_BELOW ? ONE_TIME_PREKEYS - left.oneTime : 0,
    kemOneTime: left.kemOneTime < REFILL_KEM_BELOW ? KEM_ONE_TIME_PREKEYS - left.kemOneTime : 0,
  };
  if (wanted.signed || wanted.oneTime > 0 || wanted.kemOneTime > 0) await addPrekeys(ctx, leadership, wanted);
  await deleteOutlived(ctx);
}

/** Far above every id that a store which went back in time can have given: ids are never used again. */
const IDS_SKIPPED_AFTER_ROLLBACK = 1_000_000;

/** New prekeys of every kind in the place of all that the server has: the private halves of those may be lost. */
export async function replacePrekeys(ctx: EngineContext, leadership: Leadership): Promise<void> {
  const wanted = { signed: true, oneTime: ONE_TIME_PREKEYS, kemOneTime: KEM_ONE_TIME_PREKEYS };
  await addPrekeys(ctx, leadership, wanted, { skipIds: IDS_SKIPPED_AFTER_ROLLBACK, replaceOneTime: true });
}

async function addPrekeys(
  ctx: EngineContext,
  leadership: Leadership,
  wanted: Parameters<typeof makePrekeys>[2],
  { skipIds, replaceOneTime }: { skipIds: number; replaceOneTime: boolean } = { skipIds: 0, replaceOneTime: false },
): Promise<void> {
  const { db } = ctx;
  const nextKeyId = ((await readMeta(db, "prekeys"))?.nextKeyId ?? 1) + skipIds;
  const made = makePrekeys(await openIdentity(ctx), nextKeyId, wanted, ctx.now(), ctx.random);
  const rows = await wrapSecrets(ctx.wrapping, made.secrets);
  const upload: PrekeyUpload = { ...made.upload, ...(replaceOneTime && { replaceOneTime }) };
  // Stored before the server hands them out: a message to a key that is not here could never be read.
  await db.transaction("rw", db.meta, db.secrets, async () => {
    await leadership.check();
    await writeMeta(db, "prekeys", { nextKeyId: made.nextKeyId, pendingUpload: JSON.stringify(upload) });
    if (wanted.signed)
      await db.secrets.bulkPut((await signedRows(db)).map((row) => ({ ...row, replacedAtMs: row.replacedAtMs ?? ctx.now() })));
    await db.secrets.bulkPut(rows);
  });
  await uploadPending(ctx);
}

/** Sends what was made and not confirmed. Safe to repeat: the server knows the ids. */
async function uploadPending(ctx: EngineContext): Promise<void> {
  const { db } = ctx;
  const pending = (await readMeta(db, "prekeys"))?.pendingUpload;
  if (!pending) return;
  await ctx.api.call((c) => c.keys.upload.mutate(JSON.parse(pending) as PrekeyUpload));
  await db.transaction("rw", db.meta, async () => {
    const present = await readMeta(db, "prekeys");
    if (present?.pendingUpload === pending) await writeMeta(db, "prekeys", { ...present, pendingUpload: null });
  });
}

/** Replaced keys stay as long as a message to them may still be on its way; the memory of first messages goes with them. */
async function deleteOutlived(ctx: EngineContext): Promise<void> {
  const { db } = ctx;
  await db.transaction("rw", db.secrets, db.firstMessages, async () => {
    const outlived = (await signedRows(db)).filter(
      (row) => row.replacedAtMs !== null && ctx.now() - row.replacedAtMs > SIGNED_PREKEY_KEEP_MS,
    );
    await db.secrets.bulkDelete(outlived.map((row) => [row.kind, row.keyId] as [SecretRow["kind"], number]));
    const gone = outlived.filter((row) => row.kind === "signed_prekey").map((row) => row.keyId);
    await db.firstMessages.where("signedPrekeyId").anyOf(gone).delete();
  });
}

function signedRows(db: EngineDatabase): Promise<SecretRow[]> {
  return db.secrets.filter((row) => row.kind === "signed_prekey" || row.kind === "kem_last_resort").toArray();
}
