/** Groups with fixed keys, and a log as a server keeps it, for tests of control entries. */
import { toBase64 } from "../encodings";
import type { ChatId, DeviceId } from "../ids";
import { ed25519PublicKey } from "../signatures";
import { applyStatement, emptyGroupAudience, type GroupAudience, type StatementEntry } from "./audience";
import { type Control, type ControlAction, type LaterAction, type NamedPerson, type Role, signControl } from "./control";
import { headOf } from "./group-chain";
import type { GroupSettings } from "./group-settings";
import { inviteSecretKey } from "./join-link";
import type { ParsedManifest } from "./manifest";
import { encodeManifestEntry } from "./manifest-entry";
import { nextManifest, pinOf } from "./manifest-pin";
import { createGroup, nextControl } from "./next-control";
import type { ManifestLookup } from "./rekey-proof";
import { accountSecret, device, firstOf, fixedBytes, fixedUserId, publish, recoverySecret, START_MS } from "./test-account";

export const OPEN: GroupSettings = {
  posting: "everyone",
  adding: "admins",
  editing: "everyone",
  approval: false,
  expiresAfterS: null,
  inviteKey: null,
  nameHash: null,
  descriptionHash: null,
  pictureHash: null,
};

export const SEED = fixedBytes("invite seed");
export const INVITE_KEY = ed25519PublicKey(inviteSecretKey(SEED));

const firsts = new Map<string, ParsedManifest>();

/** The account's first manifest, made once. */
export function firstManifestOf(name: string): ParsedManifest {
  const parsed = firsts.get(name) ?? publish(name, firstOf(name));
  firsts.set(name, parsed);
  return parsed;
}

/** The manifest after `before` under a new account key: `confirmed` by the recovery key, or an identity reset. */
export function newKeyOf(name: string, before: ParsedManifest, confirmed: boolean): ParsedManifest {
  const pin = pinOf(before);
  const generation = pin.generation + 1;
  const keys = {
    accountKey: ed25519PublicKey(accountSecret(name, generation)),
    recoveryPublicKey: ed25519PublicKey(recoverySecret(name, generation)),
  };
  const manifest = nextManifest(pin, { ...keys, devices: [device(name, generation)], issuedAtMs: START_MS + generation });
  return publish(name, manifest, confirmed ? recoverySecret(name, pin.generation) : undefined);
}

/** The next manifest under the same keys, with another device. */
export function newDeviceOf(name: string, before: ParsedManifest): ParsedManifest {
  const pin = pinOf(before);
  return publish(name, nextManifest(pin, { devices: [device(name, pin.version + 1)], issuedAtMs: START_MS + pin.version }));
}

export function person(name: string, role: Role = "member", manifest = firstManifestOf(name)): NamedPerson {
  return { userId: fixedUserId(name), role, accountKey: manifest.manifest.accountKey, manifestHash: manifest.hash };
}

export function people(...named: NamedPerson[]): NamedPerson[] {
  return named.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
}

/** The `join` of somebody, which the link's seed signs too. */
export function joinOf(name: string): LaterAction {
  const { accountKey, manifestHash } = person(name);
  return { type: "join", accountKey, manifestHash };
}

/** The entry in this place, signed by whatever keys are given: what a client of another make might send. */
export function signAs(
  name: string,
  action: ControlAction,
  at: { chatId: ChatId; index: number; previousHash: Uint8Array | null },
  keys: { accountSecretKey?: Uint8Array; inviteSecretKey?: Uint8Array } = {},
): Uint8Array {
  const author = { actorUserId: fixedUserId(name), actorDeviceId: deviceIdOf(name), atMs: START_MS + at.index };
  const control: Control = { v: 1, ...at, ...author, action };
  return signControl({ control, accountSecretKey: accountSecret(name), ...keys });
}

/** A group's log and the state that everybody reads from it. Entries that are refused are written all the same. */
export function createLog(members: NamedPerson[], settings: GroupSettings = OPEN, creator = "alice") {
  const { chatId, statement: genesis } = createGroup({
    ...{ random: fixedBytes(`group of ${creator}`), members: people(...members), settings },
    ...authorOf(creator),
  });
  const entries: StatementEntry[] = [];
  const manifests = new Map<string, ParsedManifest>();
  const manifestOf: ManifestLookup = (hash) => manifests.get(toBase64(hash)) ?? null;
  let audience: GroupAudience = emptyGroupAudience(chatId);
  const log = {
    chatId,
    entries,
    manifests,
    manifestOf,
    audience: () => audience,
    chain: () => audience.chain,
    place: () => ({ chatId, index: audience.chain.count + 1, previousHash: headOf(audience.chain) }),
    write(kind: StatementEntry["kind"], statement: Uint8Array) {
      const entry = { seq: entries.length + 1, kind, statement };
      entries.push(entry);
      const applied = applyStatement(audience, entry, manifestOf);
      audience = applied.audience as GroupAudience;
      return applied;
    },
    /** The server's line about a manifest. */
    name(manifest: ParsedManifest) {
      manifests.set(toBase64(manifest.hash), manifest);
      const { userId, generation, version } = manifest.manifest;
      return log.write("manifest", encodeManifestEntry({ v: 1, userId, generation, version, hash: manifest.hash }));
    },
    /** What an honest client does; throws RangeError where it would not be taken. */
    act(name: string, action: LaterAction, keys: { accountSecretKey?: Uint8Array; inviteSecretKey?: Uint8Array } = {}) {
      return log.write("control", nextControl({ audience, action, manifestOf, ...authorOf(name), ...keys }));
    },
    /** What another client might do, signed and linked. */
    force(name: string, action: LaterAction, keys: { accountSecretKey?: Uint8Array; inviteSecretKey?: Uint8Array } = {}) {
      return log.write("control", signAs(name, action, log.place(), keys));
    },
  };
  log.write("control", genesis);
  return log;
}

export type Log = ReturnType<typeof createLog>;

/** Each person's role by name. */
export function rolesOf(log: Pick<Log, "chain">, names: readonly string[]): Record<string, Role> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const member = log.chain().members.find(({ userId }) => userId === fixedUserId(name));
      return member ? [[name, member.role]] : [];
    }),
  );
}

export function authorOf(name: string) {
  return { actorUserId: fixedUserId(name), actorDeviceId: deviceIdOf(name), accountSecretKey: accountSecret(name), atMs: START_MS };
}

function deviceIdOf(name: string): DeviceId {
  return device(name, 1).deviceId;
}
