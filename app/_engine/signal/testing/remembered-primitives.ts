/** The real primitives for tests of very many sessions. They are functions of their inputs alone, so what was computed once is
 *  remembered; and every key that encrypts something is noted. It imports nothing of the protocol: the mock of a module that it
 *  imports itself would wait for it. */
import type { EcPrivateKey, EcPublicKey, KemPublicKey } from "@/server/contract/signatures";
import type * as primitives from "../primitives";
import type { SharedSecret } from "../primitives";

type Primitives = typeof primitives;

/** Cipher key and IV of each encryption, in order. */
export const encryptions: string[] = [];

/** The bytes as text, for the keys of maps. */
export function textOf(...parts: Uint8Array[]): string {
  return parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.length).toString("latin1")).join("");
}

/** Runs `compute` for the first of equal inputs only. */
export function remembering<Value>() {
  const known = new Map<string, Value>();
  return (key: string, compute: () => Value): Value => {
    const value = known.has(key) ? (known.get(key) as Value) : compute();
    known.set(key, value);
    return value;
  };
}

/** Wraps the module for vi.mock. Callers get copies: they wipe what they no longer need. */
export function remember(real: Primitives): Primitives {
  const pairs = remembering<ReturnType<Primitives["generateKeyPair"]>>();
  const shared = remembering<SharedSecret | null>();
  const encapsulated = remembering<ReturnType<Primitives["encapsulate"]>>();
  const decapsulated = remembering<ReturnType<Primitives["decapsulate"]>>();
  return {
    ...real,
    generateKeyPair(random) {
      const bytes = random(32);
      const { privateKey, publicKey } = pairs(textOf(bytes), () => real.generateKeyPair(() => bytes));
      return { privateKey: privateKey.slice() as EcPrivateKey, publicKey: publicKey.slice() as EcPublicKey };
    },
    agree(privateKey, publicKey) {
      return (shared(textOf(privateKey, publicKey), () => real.agree(privateKey, publicKey))?.slice() as SharedSecret | undefined) ?? null;
    },
    encapsulate(publicKey, random) {
      const bytes = random(32);
      const { ciphertext, secret } = encapsulated(textOf(bytes, publicKey), () => real.encapsulate(publicKey, () => bytes));
      return { ciphertext: ciphertext.slice(), secret: secret.slice() as SharedSecret };
    },
    decapsulate(seed, ciphertext) {
      const { publicKey, secret } = decapsulated(textOf(seed, ciphertext), () => real.decapsulate(seed, ciphertext));
      return { publicKey: publicKey.slice() as KemPublicKey, secret: secret.slice() as SharedSecret };
    },
    encryptCbc(key, iv, plaintext) {
      encryptions.push(textOf(key, iv));
      return real.encryptCbc(key, iv, plaintext);
    },
  };
}
