/** What this device believes about accounts: pins at first use, follows signed manifests, and never takes a new account key in silence.
 *  Manifests come from the server and are believed only for their signatures. */
import type { SignedManifest } from "@/server/contract/devices";
import { toBase64 } from "@/server/contract/encodings";
import { assertNever } from "@/server/contract/errors";
import type { UserId } from "@/server/contract/ids";
import { fromSignedManifest, type ParsedManifest, parseManifest } from "@/server/contract/statements/manifest";
import { judgeManifest, type ManifestPin, pinOf } from "@/server/contract/statements/manifest-pin";
import type { ContactRow, EngineDatabase, ManifestRow } from "../storage/database";
import type { EngineContext } from "./engine-context";

/** Asks the server for manifests that this device has not seen and takes what their signatures allow. Throws CallError. */
export async function syncContact(ctx: EngineContext, userId: UserId): Promise<void> {
  const before = await ctx.db.contacts.get(userId);
  const head = before?.candidate ?? before?.pin;
  const { manifests } = await ctx.api.call((c) =>
    c.keys.manifests.query({ userId, afterGeneration: head?.generation ?? 0, afterVersion: head?.version ?? 0 }),
  );
  if (manifests.length === 0) return;
  await ctx.db.transaction("rw", ctx.db.contacts, ctx.db.manifests, async () => {
    const present = await ctx.db.contacts.get(userId);
    const taken = takeManifests(present, userId, manifests);
    if (taken.contact) await ctx.db.contacts.put(taken.contact);
    await ctx.db.manifests.bulkPut(taken.rows);
  });
}

type Taken = { contact: ContactRow | undefined; rows: ManifestRow[] };

/** Judges manifests in order. Stops at the first one that can't follow: the ones behind it prove nothing. */
export function takeManifests(present: ContactRow | undefined, userId: UserId, manifests: SignedManifest[]): Taken {
  let contact = present;
  const rows: ManifestRow[] = [];
  for (const signed of manifests) {
    const parsed = parseManifest(fromSignedManifest(signed));
    if (!parsed.ok || parsed.manifest.userId !== userId) break;
    const step = takeManifest(contact, parsed, present === undefined);
    if (step === "stop") break;
    if (step === "skip") continue;
    contact = step.contact;
    rows.push(step.row);
  }
  return { contact, rows };
}

type Step = "stop" | "skip" | { contact: ContactRow; row: ManifestRow };

/** `firstUse`: this device has never believed anything about the account, so a reset in its past is nobody's surprise. */
function takeManifest(contact: ContactRow | undefined, parsed: ParsedManifest, firstUse: boolean): Step {
  const pin = pinOf(parsed);
  if (!contact) return { contact: newContact(pin), row: manifestRow(parsed, null) };
  // What follows the key that the person believes outranks whatever else was shown meanwhile.
  const judged = judgeManifest(contact.pin, parsed).verdict;
  if (judged === "next" || judged === "rotated") {
    return { contact: { ...contact, pin, candidate: null }, row: manifestRow(parsed, judged === "rotated" ? "key_rotated" : null) };
  }
  const verdict = contact.candidate ? judgeManifest(contact.candidate, parsed).verdict : judged;
  switch (verdict) {
    case "first":
    case "next":
    case "rotated":
      return { contact: { ...contact, candidate: pin }, row: manifestRow(parsed, null) };
    case "reset":
      if (firstUse) return { contact: newContact(pin), row: manifestRow(parsed, null) };
      return { contact: { ...contact, candidate: pin }, row: manifestRow(parsed, "key_changed") };
    case "conflict":
      return { contact: { ...contact, candidate: pin }, row: manifestRow(parsed, "key_changed") };
    case "same":
    case "old":
      return "skip";
    case "gap":
    case "refused":
      return "stop";
    default:
      return assertNever(verdict);
  }
}

function newContact(pin: ManifestPin): ContactRow {
  return { userId: pin.userId, username: pin.username, pin, candidate: null, verifiedAccountKey: null };
}

function manifestRow({ manifest, hash }: ParsedManifest, change: ManifestRow["change"]): ManifestRow {
  return {
    userId: manifest.userId,
    hashBase64: toBase64(hash),
    version: manifest.version,
    generation: manifest.generation,
    hash,
    accountKey: manifest.accountKey,
    devices: manifest.devices.map(({ deviceId, identityKey }) => ({ deviceId, identityKey })),
    change,
  };
}

/** The verified manifest that a log entry names, undefined if this device has none with that hash. */
export async function provenManifest(
  db: EngineDatabase,
  named: { userId: UserId; generation: number; version: number; hash: Uint8Array },
): Promise<ManifestRow | undefined> {
  const row = await db.manifests.get([named.userId, toBase64(named.hash)]);
  return row?.generation === named.generation && row.version === named.version ? row : undefined;
}

/** The person looked at the new safety number and goes on with it. */
export async function acceptCandidate(db: EngineDatabase, userId: UserId): Promise<void> {
  await db.contacts.where({ userId }).modify((contact) => {
    if (!contact.candidate) return;
    contact.pin = contact.candidate;
    contact.candidate = null;
  });
}
