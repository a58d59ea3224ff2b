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
