/** Every limit that client and server must agree on. Sizes in bytes, times in milliseconds unless the name says otherwise. */

export const USERNAME_PATTERN = /^[a-z0-9._]{3,32}$/;
export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 256;

/** Ciphertext of one statement, shared body or part. */
export const MAX_CIPHERTEXT_BYTES = 65_536;
/** UTF-8 bytes of a text message: leaves room for frame, padding, headers and the first-message keys inside MAX_CIPHERTEXT_BYTES. */
export const MAX_TEXT_BYTES = 56_000;
export const MAX_PARTS_PER_ENTRY = 200;
export const MAX_ENTRIES_PER_SEND = 20;
export const MAX_BODY_BYTES = 4_194_304;

export const MAX_SESSIONS_PER_ACCOUNT = 100;
export const MAX_DEVICES_PER_ACCOUNT = 10;
export const MAX_MANIFEST_BYTES = 8_192;
export const MAX_MANIFESTS_PER_DAY = 10;

export const MAX_GROUP_MEMBERS = 1_024;
/** People that one control entry names: each may need a part in the same entry. */
export const MAX_NAMED_PER_CONTROL = 200;
/** Manifests between two account keys of a member: as many are fetched and judged to prove the new one. */
export const MAX_MANIFESTS_TO_NEW_KEY = 1_000;
/** People who were removed and are kept out of the link; the oldest drop out. */
export const MAX_BARRED_PER_GROUP = 1_024;
/** Heads that a chain remembers, to tell an ancestor from a fork. */
export const MAX_RECENT_HEADS = 64;
/** The longest timer of disappearing messages: a year of 365 days, in seconds. */
export const MAX_EXPIRES_AFTER_S = 31_536_000;

export const ONE_TIME_PREKEYS = 100;
export const KEM_ONE_TIME_PREKEYS = 20;
export const REFILL_ONE_TIME_BELOW = 25;
export const REFILL_KEM_BELOW = 5;
/** Claims per (caller device, target device) and day that get one-time keys; later ones get bundles without. */
export const ONE_TIME_CLAIMS_PER_DAY = 5;

export const SIGNED_PREKEY_ROTATE_MS = 7 * 86_400_000;
export const SIGNED_PREKEY_MAX_AGE_MS = 37 * 86_400_000;
export const SIGNED_PREKEY_KEEP_MS = 45 * 86_400_000;

export const MAX_CURSORS_PER_PULL = 2_000;
export const MAX_WATERMARKS_PER_PULL = 100;
export const PULL_ENTRIES = 200;
export const PULL_BYTES = 1_000_000;
export const PULL_CHATS = 50;
export const MAX_ACKNOWLEDGEMENTS = 200;

/** An entry travels inside its event up to this size of JSON; a larger one is fetched. */
export const MAX_EVENT_BYTES = 4_096;

export const MESSAGE_RETENTION_DAYS = 38;
export const OUTBOX_RETRY_MS = 25 * 86_400_000;

/** People whose presence one call asks for. */
export const MAX_WATCHED_ACCOUNTS = 50;
/** A device tells at most this often that its person is typing; without another word it ends after the second time. */
export const TYPING_EVERY_MS = 3_000;
export const TYPING_ENDS_MS = 6_000;
