/** Private keys at rest: AES-256-GCM under a key that the browser keeps and never gives out.
 *  A copy of the database through the storage API is worthless without this browser's key store. */
import { type EngineDatabase, readMeta, type Wrapped, writeMeta } from "./database";

const NONCE_BYTES = 12;

export type Wrapping = {
  /** `purpose` is bound as associated data: a row can't be passed off as another. */
  wrap(purpose: string, secret: Uint8Array): Promise<Wrapped>;
  /** Throws OperationError when the bytes were changed or belong to another purpose. */
  unwrap(purpose: string, wrapped: Wrapped): Promise<Uint8Array>;
};

/** Opens the device's wrapping key, making it at first use. It is looked up for each use, because clearing the store, here or in another
 *  tab, destroys it: what it wrapped can be read by nobody then, and what comes after is wrapped with another one. */
export async function openWrapping(db: EngineDatabase, subtle: SubtleCrypto, random: (bytes: number) => Uint8Array): Promise<Wrapping> {
  let looking: Promise<CryptoKey> | undefined;
  const look = async () => (await readMeta(db, "wrappingKey")) ?? (await makeKey(db, subtle));
  /** Uses that come together share one look. */
  const currentKey = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  await currentKey();
  return {
    async wrap(purpose, secret) {
      const nonce = random(NONCE_BYTES);
      const algorithm = { name: "AES-GCM", iv: buffer(nonce), additionalData: label(purpose) };
      const sealed = await subtle.encrypt(algorithm, await currentKey(), buffer(secret));
      const wrapped = new Uint8Array(NONCE_BYTES + sealed.byteLength);
      wrapped.set(nonce);
      wrapped.set(new Uint8Array(sealed), NONCE_BYTES);
      return wrapped;
    },
    async unwrap(purpose, wrapped) {
      const nonce = buffer(wrapped.subarray(0, NONCE_BYTES));
      const sealed = buffer(wrapped.subarray(NONCE_BYTES));
      const algorithm = { name: "AES-GCM", iv: nonce, additionalData: label(purpose) };
      return new Uint8Array(await subtle.decrypt(algorithm, await currentKey(), sealed));
    },
  };
}

async function makeKey(db: EngineDatabase, subtle: SubtleCrypto): Promise<CryptoKey> {
  const fresh = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  return db.transaction("rw", db.meta, async () => {
    const other = await readMeta(db, "wrappingKey"); // another tab was faster
    if (other) return other;
    await writeMeta(db, "wrappingKey", fresh);
    return fresh;
  });
}

const label = (purpose: string) => buffer(new TextEncoder().encode(purpose));

// WebCrypto's types want an ArrayBuffer that is not shared.
function buffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
