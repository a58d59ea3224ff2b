/** What this device believes about accounts: pins at first use, follows signed manifests, and never takes a new account key in silence.
 *  Manifests come from the server and are believed only for their signatures. */
import type { SignedManifest } from "@/server/contract/devices";
import { toBase64 } from "@/server/contract/encodings";
import { assertNever } from "@/server/contract/errors";
import type { UserId } from "@/server/contract/ids";
import { fromSignedManifest, type ParsedManifest, parseManifest } from "@/server/contract/statements/manifest";
import { judgeManifest, type ManifestPin, pinOf } from "@/server/contract/statements/manifest-pin";
import { type ContactRow, type EngineDatabase, type ManifestRow, readMeta } from "../storage/database";
import type { Api } from "../transport/api";
import type { EngineContext } from "./engine-context";

/** Asks the server for manifests that this device has not seen and takes what their signatures allow. Throws CallError. */
export async function syncContact(ctx: EngineContext, userId: UserId): Promise<void> {
  const before = await ctx.db.contacts.get(userId);
  // From the pin on, also when other keys were shown since: the owner's own next manifest may stand beside them.
  const manifests = await manifestsAfter(ctx.api, userId, before?.pin);
  if (manifests.length === 0) return;
  await ctx.db.transaction("rw", ctx.db.contacts, ctx.db.manifests, ctx.db.meta, async () => {
    if (!(await readMeta(ctx.db, "account"))) return; // signed out meanwhile
    const present = await ctx.db.contacts.get(userId);
    const taken = takeManifests(present, userId, manifests);
    if (taken.contact) await ctx.db.contacts.put(taken.contact);
    await ctx.db.manifests.bulkPut(taken.rows);
  });
}

type ManifestPlace = { generation: number; version: number };

/** All manifests above a place in the account's chain, unverified. The server hands them out in pages: asks until one brings nothing.
 *  Throws CallError. */
export async function manifestsAfter(api: Api, userId: UserId, head?: ManifestPlace): Promise<SignedManifest[]> {
  const all: SignedManifest[] = [];
  for (let after: ManifestPlace | undefined = head ?? { generation: 0, version: 0 }; after; ) {
    const { generation, version }: ManifestPlace = after;
    const { manifests } = await api.call((c) => c.keys.manifests.query({ userId, afterGeneration: generation, afterVersion: version }));
    all.push(...manifests);
    after = lastPlace(manifests, after);
  }
  return all;
}

/** Where the page ends; undefined if that is no further than before. */
function lastPlace(page: SignedManifest[], { generation, version }: ManifestPlace): ManifestPlace | undefined {
  const last = page.at(-1);
  const parsed = last && parseManifest(fromSignedManifest(last));
  if (!parsed?.ok) return undefined;
  const { manifest } = parsed;
  return manifest.generation > generation || (manifest.generation === generation && manifest.version > version) ? manifest : undefined;
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
