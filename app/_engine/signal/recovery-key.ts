/** The recovery key: 256 random bits that a person keeps on paper, and the two keys made from it. It is written in Crockford's base32,
 *  so that what people mistake for one another reads the same, with two check characters, so that a slip is noticed here and not as
 *  "wrong key" much later. */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Random } from "@/server/contract/signatures";

const RECOVERY_KEY_BYTES = 32;
const RECOVERY_SIGNING_INFO = "parley recovery signing v1";
const BACKUP_INFO = "parley backup v1";

/** Crockford's: without I, L, O and U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const KEY_CHARACTERS = 52;
const CHECK_CHARACTERS = 2;
const GROUP_CHARACTERS = 4;
/** The greatest prime below 32 × 32. Neither 32 nor 31 nor 33 is a multiple of it, so that no single wrong character and no two
 *  exchanged neighbours leave the remainder as it was, the check characters included. */
const CHECK_MODULUS = 1_021;

type RecoveryKeyFault =
  /** Not 54 characters, spaces and dashes aside. */
  | "length"
  /** A character that is none of the alphabet and no known mistake for one. */
  | "character"
  /** The check characters don't fit: a typing error. */
  | "check"
  /** The last character holds bits that no key has. */
  | "spare_bits";

export type RecoveryKeyParsed = { ok: true; bytes: Uint8Array } | { ok: false; reason: RecoveryKeyFault };

/** A new recovery key: 32 bytes of `random`. */
export function generateRecoveryKey(random: Random): Uint8Array {
  return random(RECOVERY_KEY_BYTES);
}

/** Writes a recovery key down: 52 characters and 2 check characters in groups of 4 (the last has the 2), joined by `separator`.
 *  Throws RangeError when it is not 32 bytes. */
export function formatRecoveryKey(bytes: Uint8Array, separator: "-" | " " = "-"): string {
  if (bytes.length !== RECOVERY_KEY_BYTES) throw new RangeError("a recovery key has 32 bytes");
  const values = toFiveBits(bytes);
  const check = remainder(values);
  const text = [...values, check >> 5, check & 31].map((value) => ALPHABET[value]).join("");
  return (text.match(new RegExp(`.{1,${GROUP_CHARACTERS}}`, "g")) ?? []).join(separator);
}

/** Reads a recovery key as people write it: any case, any spaces and dashes, O for 0, I and L for 1. Never throws. */
export function parseRecoveryKey(text: string): RecoveryKeyParsed {
  const plain = text
    .replaceAll(/[\s\p{Dash}]/gu, "")
    .toUpperCase()
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");
  const values = Array.from(plain, (character) => ALPHABET.indexOf(character));
  if (values.includes(-1)) return { ok: false, reason: "character" };
  if (values.length !== KEY_CHARACTERS + CHECK_CHARACTERS) return { ok: false, reason: "length" };
  const key = values.slice(0, KEY_CHARACTERS);
  const [high = 0, low = 0] = values.slice(KEY_CHARACTERS);
  if (high * 32 + low !== remainder(key)) return { ok: false, reason: "check" };
  if (((key.at(-1) ?? 0) & 0b1111) !== 0) return { ok: false, reason: "spare_bits" };
  return { ok: true, bytes: fromFiveBits(key) };
}

/** The Ed25519 secret key (32 bytes) that confirms an account's next keys. HKDF-SHA-256 (RFC 5869) without salt. */
export function recoverySigningKey(recoveryKey: Uint8Array): Uint8Array {
  return hkdf(sha256, recoveryKey, undefined, utf8ToBytes(RECOVERY_SIGNING_INFO), 32);
}

/** The key (32 bytes) of the encrypted backup. HKDF-SHA-256 (RFC 5869) without salt. */
export function backupKey(recoveryKey: Uint8Array): Uint8Array {
  return hkdf(sha256, recoveryKey, undefined, utf8ToBytes(BACKUP_INFO), 32);
}

/** The number that these base-32 digits write, modulo CHECK_MODULUS. */
function remainder(values: readonly number[]): number {
  return values.reduce((sum, value) => (sum * 32 + value) % CHECK_MODULUS, 0);
}

/** 32 bytes as 52 five-bit values, most significant bit first; the last value ends in four zero bits. */
function toFiveBits(bytes: Uint8Array): number[] {
  return Array.from({ length: KEY_CHARACTERS }, (_, i) => {
    const at = (i * 5) >> 3;
    const pair = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    return (pair >> (11 - ((i * 5) & 7))) & 31;
  });
}

function fromFiveBits(values: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: RECOVERY_KEY_BYTES }, (_, i) => {
    const at = Math.floor((i * 8) / 5);
    const bits = ((values[at] ?? 0) << 10) | ((values[at + 1] ?? 0) << 5) | (values[at + 2] ?? 0);
    return (bits >> (7 - ((i * 8) % 5))) & 255;
  });
}
