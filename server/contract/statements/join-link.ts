/** The link by which people join a group. What it proves stands behind the # of its URL, which browsers don't send to any server. */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bytesToUuid, fromBase64Url, toBase64Url, uuidToBytes } from "../encodings";
import type { ChatId } from "../ids";
import { HASH_BYTES } from "./fields";

const INVITE_INFO = "parley invite v1";
const LINK_VERSION = 1;
const SEED_BYTES = 32;
const LINK_BYTES = 1 + 16 + HASH_BYTES + SEED_BYTES;
/** 81 bytes leave no padding and no unused bits. */
const LINK_CHARACTERS = (LINK_BYTES / 3) * 4;

export type JoinLink = {
  chatId: ChatId;
  /** controlHash of the group's first entry: a server can't show another chain to whoever joins. */
  genesisHash: Uint8Array;
  /** 32 random bytes: see inviteSecretKey. */
  seed: Uint8Array;
};

/** The URL fragment of a link, without the #: base64url of version (1 byte), chatId (16), genesis hash (32), seed (32).
 *  Throws RangeError when one of them has another length. */
export function formatJoinLink({ chatId, genesisHash, seed }: JoinLink): string {
  if (genesisHash.length !== HASH_BYTES || seed.length !== SEED_BYTES) throw new RangeError("hash and seed have 32 bytes each");
  return toBase64Url(concatBytes(Uint8Array.of(LINK_VERSION), uuidToBytes(chatId), genesisHash, seed));
}

/** Reads a URL fragment, without the #. Null for anything that formatJoinLink would not write. Never throws. */
export function parseJoinLink(fragment: string): JoinLink | null {
  if (fragment.length !== LINK_CHARACTERS || !/^[\w-]+$/.test(fragment)) return null;
  const bytes = fromBase64Url(fragment);
  if (bytes[0] !== LINK_VERSION) return null;
  const seedAt = LINK_BYTES - SEED_BYTES;
  return {
    chatId: bytesToUuid(bytes.subarray(1, 17)) as ChatId,
    genesisHash: bytes.slice(17, seedAt),
    seed: bytes.slice(seedAt),
  };
}

/** The secret half (Ed25519, 32 bytes) of the invite key of a link's seed. HKDF-SHA-256 (RFC 5869) without salt. */
export function inviteSecretKey(seed: Uint8Array): Uint8Array {
  return hkdf(sha256, seed, undefined, utf8ToBytes(INVITE_INFO), 32);
}
