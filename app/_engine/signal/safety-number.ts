/** Signal's numeric fingerprint, version 0: what two people compare, as 60 digits or as a QR code, to know that nobody stands in between. */
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { constantTimeEqual } from "@/server/contract/signatures";

/** Type byte of an Ed25519 account key in a safety number. */
const ACCOUNT_KEY_TYPE_BYTE = 0x06;
/** Hashes per side: what makes a search for a key with a similar number expensive. */
export const SAFETY_NUMBER_ITERATIONS = 5_200;
const VERSION = Uint8Array.of(0, 0);
/** What a QR code begins with before its version: tells it from any other code that is held before the camera. */
const QR_MARK = utf8ToBytes("PSN");
const QR_VERSION = 1;
/** Of each side's hash, as in Signal's scannable fingerprint. */
const QR_FINGERPRINT_BYTES = 32;
const QR_HEAD = concatBytes(QR_MARK, Uint8Array.of(QR_VERSION));

/** One side: a type byte and 32 bytes of key, and the 16 bytes of the account's id. */
export type SafetyNumberSide = { readonly typedKey: Uint8Array; readonly userId: Uint8Array };

/** What a scanned code says. Only `match` verifies anybody. */
export type SafetyNumberComparison =
  /** Both devices hold the same two keys of the same two accounts: the person may be marked as verified. */
  | "match"
  /** The other device holds another key for one of the two, or has another chat open: both look whose chat they have open. If it is the
   *  right one on both sides, somebody may stand in between: nobody is marked, and the person is warned. */
  | "differs"
  /** What this device shows itself: a picture of it, or another device of the own account. The person scans the other one's screen. */
  | "own_code"
  /** Of another version of this format: whoever has the older app updates it; the digits can be compared meanwhile. */
  | "other_version"
  /** No safety number at all, or a damaged one: the scanner says so and goes on looking. */
  | "unreadable";

/** The 60 digits for two sides, the same whichever comes first. */
export function safetyNumber(ours: SafetyNumberSide, theirs: SafetyNumberSide): string {
  return [digits(ours), digits(theirs)].sort().join("");
}

/** The QR code that this side shows (68 bytes, QR's byte mode): "PSN", the version 1, and 32 bytes of each side's hash, ours first. So the
 *  two sides' codes are each other's mirror, as Signal's scannable fingerprints are. It names no account. */
export function safetyNumberQr(ours: SafetyNumberSide, theirs: SafetyNumberSide): Uint8Array {
  return concatBytes(QR_HEAD, qrFingerprint(ours), qrFingerprint(theirs));
}

/** Compares the bytes of a QR code that the other side shows with what it has to be. Never throws for what was scanned. */
export function compareSafetyNumberQr(scanned: Uint8Array, ours: SafetyNumberSide, theirs: SafetyNumberSide): SafetyNumberComparison {
  if (scanned.length <= QR_MARK.length || !constantTimeEqual(scanned.subarray(0, QR_MARK.length), QR_MARK)) return "unreadable";
  if (scanned[QR_MARK.length] !== QR_VERSION) return "other_version";
  if (scanned.length !== QR_HEAD.length + 2 * QR_FINGERPRINT_BYTES) return "unreadable";
  const [own, other] = [qrFingerprint(ours), qrFingerprint(theirs)];
  if (constantTimeEqual(scanned, concatBytes(QR_HEAD, other, own))) return "match";
  return constantTimeEqual(scanned, concatBytes(QR_HEAD, own, other)) ? "own_code" : "differs";
}

/** An Ed25519 account key (32 bytes) with its type byte. Throws RangeError for another length. */
export function typedAccountKey(accountKey: Uint8Array): Uint8Array {
  if (accountKey.length !== 32) throw new RangeError("an account key has 32 bytes");
  return concatBytes(Uint8Array.of(ACCOUNT_KEY_TYPE_BYTE), accountKey);
}

/** 30 digits: six groups of five, each from five bytes of the iterated hash. */
function digits(side: SafetyNumberSide): string {
  const hash = fingerprint(side);
  let text = "";
  for (let at = 0; at < 30; at += 5) {
    const number = hash.subarray(at, at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    text += String(number % 100_000).padStart(5, "0");
  }
  return text;
}

function qrFingerprint(side: SafetyNumberSide): Uint8Array {
  return fingerprint(side).subarray(0, QR_FINGERPRINT_BYTES);
}

/** The iterated hash of one side, 64 bytes. */
function fingerprint({ typedKey, userId }: SafetyNumberSide): Uint8Array {
  // Hash ‖ key, in one buffer for all rounds.
  const input = concatBytes(sha512(concatBytes(VERSION, typedKey, userId, typedKey)), typedKey);
  for (let round = 1; round < SAFETY_NUMBER_ITERATIONS; round++) input.set(sha512(input));
  return input.slice(0, 64);
}
