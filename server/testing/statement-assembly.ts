/** Statements a second time: CBOR written by hand, hashes and Ed25519 by Node's own cryptography (OpenSSL), nothing of the product. */
import crypto from "node:crypto";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

type Value = null | number | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

/** Deterministic CBOR (RFC 8949 § 4.2.1) of the kinds of value that statements have. Map keys are text. */
export function cbor(value: Value): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number") return head(0, value);
  if (value instanceof Uint8Array) return concatBytes(head(2, value.length), value);
  if (typeof value === "string") return concatBytes(head(3, utf8ToBytes(value).length), utf8ToBytes(value));
  if (Array.isArray(value)) return concatBytes(head(4, value.length), ...value.map(cbor));
  const pairs = Object.entries(value).map(([key, inner]) => [cbor(key), cbor(inner)] as const);
  const sorted = pairs.sort(([a], [b]) => Buffer.compare(a, b));
  return concatBytes(head(5, pairs.length), ...sorted.flat());
}

/** A major type and its number in the shortest form. */
function head(majorType: number, value: number): Uint8Array {
  const first = majorType << 5;
  if (value < 24) return Uint8Array.of(first | value);
  const lengthBytes = [1, 2, 4, 8].find((bytes) => value < 256 ** bytes) as number;
  const big = Buffer.alloc(8);
  big.writeBigUInt64BE(BigInt(value));
  return concatBytes(Uint8Array.of(first | (24 + Math.log2(lengthBytes))), big.subarray(8 - lengthBytes));
}

/** ASCII label ‖ 0 ‖ parts. */
export function labelled(label: string, ...parts: Uint8Array[]): Uint8Array {
  return concatBytes(utf8ToBytes(`${label}\0`), ...parts);
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(crypto.createHash("sha256").update(bytes).digest());
}

/** Ed25519 by a 32-byte secret key. */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  const pkcs8 = Buffer.from(concatBytes(hexToBytes("302e020100300506032b657004220420"), secretKey));
  const key = crypto.createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return Uint8Array.from(crypto.sign(null, message, key));
}
