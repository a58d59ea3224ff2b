/** Signal's numeric fingerprint, version 0: 60 digits that two people compare to know that nobody stands in between. */
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";

/** Type byte of an Ed25519 account key in a safety number. */
const ACCOUNT_KEY_TYPE_BYTE = 0x06;
/** Hashes per side: what makes a search for a key with a similar number expensive. */
export const SAFETY_NUMBER_ITERATIONS = 5_200;
const VERSION = Uint8Array.of(0, 0);

/** One side: a type byte and 32 bytes of key, and the 16 bytes of the account's id. */
export type SafetyNumberSide = { readonly typedKey: Uint8Array; readonly userId: Uint8Array };

/** The 60 digits for two sides, the same whichever comes first. */
export function safetyNumber(ours: SafetyNumberSide, theirs: SafetyNumberSide): string {
  return [digits(ours), digits(theirs)].sort().join("");
}

/** An Ed25519 account key (32 bytes) with its type byte. Throws RangeError for another length. */
export function typedAccountKey(accountKey: Uint8Array): Uint8Array {
  if (accountKey.length !== 32) throw new RangeError("an account key has 32 bytes");
  return concatBytes(Uint8Array.of(ACCOUNT_KEY_TYPE_BYTE), accountKey);
}

/** 30 digits: six groups of five, each from five bytes of the iterated hash. */
function digits({ typedKey, userId }: SafetyNumberSide): string {
  let hash = concatBytes(VERSION, typedKey, userId);
  for (let i = 0; i < SAFETY_NUMBER_ITERATIONS; i++) hash = sha512(concatBytes(hash, typedKey));
  let text = "";
  for (let at = 0; at < 30; at += 5) {
    const number = hash.subarray(at, at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    text += String(number % 100_000).padStart(5, "0");
  }
  return text;
}
