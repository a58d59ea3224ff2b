/** How bytes and times travel in JSON. */
import { z } from "zod";

/** Standard base64 with padding of `min`..`max` bytes. */
export function Base64(max: number, min = 0) {
  return z
    .base64()
    .max(Math.ceil(max / 3) * 4)
    .refine((text) => base64Length(text) >= min && base64Length(text) <= max, `must hold ${min} to ${max} bytes`);
}

function base64Length(text: string): number {
  return (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
}

/** Milliseconds since 1970 in UTC. */
export const TimeMs = z.int().min(0);

/** Bytes -> standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** Standard base64 with padding -> bytes. Throws DOMException on anything else. */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Bytes -> base64url without padding, for URLs. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Base64url without padding -> bytes. Throws DOMException on anything else. */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  // NOTE: atob takes padding, white space, the standard alphabet and stray last bits too.
  if (toBase64Url(bytes) !== text) throw new DOMException("not base64url", "InvalidCharacterError");
  return bytes;
}

/** UUID text -> its 16 bytes. Throws RangeError on anything else. */
export function uuidToBytes(id: string): Uint8Array {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(id)) throw new RangeError("not a UUID");
  const hex = id.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}

/** 16 bytes -> UUID text in lower case. Throws RangeError on another length. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError("a UUID has 16 bytes");
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
