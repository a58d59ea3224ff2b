/** Private keys of this device and account, wrapped at rest. */
import type { EngineDatabase, SecretKind, SecretRow } from "./database";
import type { Wrapping } from "./wrapping";

export type Secret = { kind: SecretKind; keyId: number; secret: Uint8Array; createdAtMs: number; replacedAtMs: number | null };

const purpose = (kind: SecretKind, keyId: number) => `secret ${kind} ${keyId}`;

/** Wraps secrets into rows: do it before a transaction, since WebCrypto would end it. */
export function wrapSecrets(wrapping: Wrapping, secrets: Secret[]): Promise<SecretRow[]> {
  return Promise.all(
    secrets.map(async ({ secret, ...row }) => ({ ...row, wrapped: await wrapping.wrap(purpose(row.kind, row.keyId), secret) })),
  );
}

export async function unwrapSecret(wrapping: Wrapping, row: SecretRow): Promise<Secret> {
  const { wrapped, ...rest } = row;
  return { ...rest, secret: await wrapping.unwrap(purpose(row.kind, row.keyId), wrapped) };
}

/** The secret of a kind that exists once, or undefined. */
export async function readSecret(
  db: EngineDatabase,
  wrapping: Wrapping,
  kind: "identity" | "account" | "recovery" | "backup",
): Promise<Uint8Array | undefined> {
  const row = await db.secrets.get([kind, 0]);
  return row && (await unwrapSecret(wrapping, row)).secret;
}

/** All private prekeys, by kind and id. */
export async function readPrekeys(db: EngineDatabase, wrapping: Wrapping): Promise<Secret[]> {
  const rows = await db.secrets.where("[kind+keyId]").between(["", 0], ["\uffff", 0]).toArray();
  const prekeys = rows.filter((row) => row.keyId > 0);
  return Promise.all(prekeys.map((row) => unwrapSecret(wrapping, row)));
}
