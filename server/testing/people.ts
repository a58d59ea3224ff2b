/** Accounts, devices, chats and entries for tests: made through the services, with real keys and signatures. */
import { randomBytes, randomUUID } from "node:crypto";
import { ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import type { AppContext, Caller, DeviceCaller } from "../context";
import type { ChatInfo, SendEntry } from "../contract/chats";
import type { PrekeyUpload, SignedManifest } from "../contract/devices";
import { toBase64, uuidToBytes } from "../contract/encodings";
import { DeviceId, MessageId, UserId } from "../contract/ids";
import {
  attachSigningInput,
  clamp,
  type EcPrivateKey,
  ecPublicKey,
  ed25519PublicKey,
  KEM_TYPE_BYTE,
  type PrekeyKind,
  prekeySigningInput,
  signXEdDSA,
} from "../contract/signatures";
import {
  type Manifest,
  type ManifestDevice,
  parseManifest,
  signDevice,
  signManifest,
  toSignedManifest,
} from "../contract/statements/manifest";
import { firstManifest, type ManifestPin, nextManifest, pinOf } from "../contract/statements/manifest-pin";
import { openChat } from "../services/open-chat";
import { publishManifest } from "../services/publish-manifest";
import { registerDevice } from "../services/register-device";

export const NOW_MS = 1_780_000_000_000;

export type TestDevice = { deviceId: DeviceId; privateKey: EcPrivateKey; listed: ManifestDevice; caller: DeviceCaller };
export type TestAccount = {
  userId: UserId;
  username: string;
  accountSecretKey: Uint8Array;
  recoverySecretKey: Uint8Array;
  /** The newest manifest that the server took; null before the first. */
  pin: ManifestPin | null;
};
export type TestPerson = TestAccount & { device: TestDevice };

let people = 0;

/** An account that has just signed up: no keys on the server yet. */
export async function buildAccount(app: AppContext, username = `person${++people}`): Promise<TestAccount> {
  const userId = UserId.parse(randomUUID());
  await app.prisma.user.create({ data: { userId, username, email: `${userId}@invalid` } });
  return { userId, username, accountSecretKey: randomBytes(32), recoverySecretKey: randomBytes(32), pin: null };
}

/** A signed-in browser of the account, without a device. */
export async function buildSession(app: AppContext, { userId, username }: TestAccount): Promise<Caller> {
  const sessionId = randomUUID();
  const expiresAt = new Date(app.now().getTime() + 86_400_000);
  await app.prisma.session.create({ data: { sessionId, userId, token: randomUUID(), expiresAt } });
  return { userId, username, isAdmin: false, sessionId, deviceId: null, ipAddress: "127.0.0.1" };
}

/** The keys of a device that no server knows yet. */
export function makeDevice({ userId }: TestAccount, deviceId = DeviceId.parse(randomUUID())) {
  const privateKey = clamp(randomBytes(32));
  const listed = signDevice({ userId, deviceId, identityPrivateKey: privateKey, addedAtMs: NOW_MS, random: randomBytes });
  return { deviceId, privateKey, listed };
}

/** The account's next manifest, signed. It becomes the account's pin; publish it or put the old pin back. */
export function signNext(
  account: TestAccount,
  changes: Partial<Pick<Manifest, "accountKey" | "recoveryPublicKey" | "devices">>,
): SignedManifest {
  const { userId, username, accountSecretKey, recoverySecretKey, pin } = account;
  const keys = { accountKey: ed25519PublicKey(accountSecretKey), recoveryPublicKey: ed25519PublicKey(recoverySecretKey) };
  const manifest = pin
    ? nextManifest(pin, { ...changes, issuedAtMs: NOW_MS })
    : firstManifest({ userId, username, ...keys, devices: changes.devices ?? [], issuedAtMs: NOW_MS });
  return remember(account, signManifest({ manifest, accountSecretKey }));
}

/** The account's next manifest with a new account key, confirmed by the recovery key or not. */
export function signNewKey(account: TestAccount, devices: ManifestDevice[], { confirmed }: { confirmed: boolean }): SignedManifest {
  if (account.pin === null) throw new Error("the account has no manifest yet");
  account.accountSecretKey = randomBytes(32);
  const manifest = nextManifest(account.pin, { accountKey: ed25519PublicKey(account.accountSecretKey), devices, issuedAtMs: NOW_MS });
  const recovery = confirmed ? { recoverySecretKey: account.recoverySecretKey } : {};
  return remember(account, signManifest({ manifest, accountSecretKey: account.accountSecretKey, ...recovery }));
}

function remember(account: TestAccount, signed: ReturnType<typeof signManifest>): SignedManifest {
  const parsed = parseManifest(signed);
  if (!parsed.ok) throw new Error(parsed.reason);
  account.pin = pinOf(parsed);
  return toSignedManifest(signed);
}

/** Registers a new device through a session of its own. */
export async function buildDevice(app: AppContext, account: TestAccount, prekeys: MakePrekeys = {}): Promise<TestDevice> {
  const session = await buildSession(app, account);
  const made = makeDevice(account);
  const manifest = signNext(account, { devices: [...(account.pin?.devices ?? []), made.listed] });
  await registerDevice(app, session, { manifest, deviceId: made.deviceId, prekeys: makePrekeys(made.privateKey, prekeys) });
  return { ...made, caller: { ...session, deviceId: made.deviceId } };
}

/** An account with one device. */
export async function buildPerson(app: AppContext, prekeys: MakePrekeys = {}): Promise<TestPerson> {
  const account = await buildAccount(app);
  const device = await buildDevice(app, account, prekeys);
  return Object.assign(account, { device });
}

/** Signs a device out by the next manifest, which `by` publishes. */
export async function removeDevice(app: AppContext, account: TestAccount, removed: TestDevice, by = removed): Promise<void> {
  const devices = (account.pin?.devices ?? []).filter(({ deviceId }) => deviceId !== removed.deviceId);
  await publishManifest(app, by.caller, { manifest: signNext(account, { devices }) });
}

export function buildChat(app: AppContext, from: TestPerson, to: TestAccount): Promise<ChatInfo> {
  return openChat(app, from.device.caller, { userId: to.userId });
}

type MakePrekeys = { firstKeyId?: number; oneTime?: number; kemOneTime?: number };

/** A whole set of prekeys. Key ids count up from `firstKeyId`. */
export function makePrekeys(privateKey: EcPrivateKey, { firstKeyId = 1, oneTime = 3, kemOneTime = 1 }: MakePrekeys = {}) {
  let keyId = firstKeyId;
  const sign = (kind: PrekeyKind, publicKey: Uint8Array) => {
    const key = { keyId: keyId++, createdAtMs: NOW_MS, publicKeyBase64: toBase64(publicKey) };
    const signature = signXEdDSA(privateKey, prekeySigningInput(kind, key.keyId, key.createdAtMs, publicKey), randomBytes);
    return { ...key, signatureBase64: toBase64(signature) };
  };
  const ec = () => ecPublicKey(clamp(randomBytes(32)));
  const kem = () => Uint8Array.of(KEM_TYPE_BYTE, ...ml_kem1024.keygen(randomBytes(64)).publicKey);
  return {
    signedPrekey: sign("signed_prekey", ec()),
    kemLastResort: sign("kem_last_resort", kem()),
    oneTime: Array.from({ length: oneTime }, () => ({ keyId: keyId++, publicKeyBase64: toBase64(ec()) })),
    kemOneTime: Array.from({ length: kemOneTime }, () => sign("kem_one_time", kem())),
  } satisfies PrekeyUpload;
}

/** The signature that binds a session to a device. */
export function signAttach(device: Pick<TestDevice, "deviceId" | "privateKey">, { userId, sessionId }: Caller): string {
  const input = attachSigningInput(uuidToBytes(userId), uuidToBytes(device.deviceId), new TextEncoder().encode(sessionId));
  return toBase64(signXEdDSA(device.privateKey, input, randomBytes));
}

/** A message with one part for each of the devices; the ciphertext is whatever the text says. */
export function makeEntry(
  chat: Pick<ChatInfo, "chatId" | "audienceSeq">,
  to: Pick<TestDevice, "deviceId">[] = [],
  changes: Partial<SendEntry> & { text?: string } = {},
): SendEntry {
  const { text = "ciphertext", ...rest } = changes;
  const partBase64 = Buffer.from(text).toString("base64");
  return {
    chatId: chat.chatId,
    messageId: MessageId.parse(randomUUID()),
    kind: "message",
    audienceSeq: chat.audienceSeq,
    sendCounter: 1,
    bodyBase64: null,
    parts: to.map(({ deviceId }) => ({ deviceId, partBase64 })),
    ...rest,
  };
}
