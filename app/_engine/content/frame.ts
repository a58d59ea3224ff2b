/** The frame around content before it is encrypted: 16 random bytes ‖ u32 length, big-endian ‖ content ‖ zeros.
 *  The random bytes see to it that even a repeated key and IV shows no common beginning; the zeros, that a ciphertext's size tells
 *  little of the text's. Every byte is checked, so that a frame has one form and carries nothing unseen. */
import { MAX_CIPHERTEXT_BYTES } from "@/server/contract/limits";
import type { Random } from "@/server/contract/signatures";

const FRAME_RANDOM_BYTES = 16;
/** Bytes before the content: random and length. */
export const FRAME_HEAD_BYTES = FRAME_RANDOM_BYTES + 4;
const PADDING_STEP_BYTES = 160;
/** Up to here sizes are multiples of PADDING_STEP_BYTES, above they follow Padmé. */
export const PADDING_STEPS_END_BYTES = 1_280;

export type FrameFault =
  /** Shorter than its head, or longer than any ciphertext may be. */
  | "frame_size"
  /** The length points outside the frame. */
  | "frame_length"
  /** Not the size that this content is padded to. */
  | "wrong_padding"
  | "nonzero_padding";

export type FrameDecoded = { ok: true; content: Uint8Array } | { ok: false; reason: FrameFault };

/** The size in bytes that a frame of `sizeBytes` (head and content) is padded to. */
export function paddedSize(sizeBytes: number): number {
  if (sizeBytes <= PADDING_STEPS_END_BYTES) return Math.max(1, Math.ceil(sizeBytes / PADDING_STEP_BYTES)) * PADDING_STEP_BYTES;
  // Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files", § 4): keep as many leading bits as the exponent has.
  const exponent = Math.floor(Math.log2(sizeBytes));
  const step = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(sizeBytes / step) * step;
}

/** Puts content into its frame. Throws RangeError when that would be longer than a ciphertext may be. */
export function encodeFrame(content: Uint8Array, random: Random): Uint8Array {
  const size = paddedSize(FRAME_HEAD_BYTES + content.length);
  if (size > MAX_CIPHERTEXT_BYTES) throw new RangeError("content is too large for a frame");
  const frame = new Uint8Array(size);
  frame.set(random(FRAME_RANDOM_BYTES).subarray(0, FRAME_RANDOM_BYTES));
  new DataView(frame.buffer).setUint32(FRAME_RANDOM_BYTES, content.length);
  frame.set(content, FRAME_HEAD_BYTES);
  return frame;
}

/** Takes content (a copy) out of its frame. Never throws. */
export function decodeFrame(frame: Uint8Array): FrameDecoded {
  if (frame.length < FRAME_HEAD_BYTES || frame.length > MAX_CIPHERTEXT_BYTES) return { ok: false, reason: "frame_size" };
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(FRAME_RANDOM_BYTES);
  const end = FRAME_HEAD_BYTES + length;
  if (end > frame.length) return { ok: false, reason: "frame_length" };
  if (paddedSize(end) !== frame.length) return { ok: false, reason: "wrong_padding" };
  if (frame.subarray(end).some((byte) => byte !== 0)) return { ok: false, reason: "nonzero_padding" };
  return { ok: true, content: frame.slice(FRAME_HEAD_BYTES, end) };
}
