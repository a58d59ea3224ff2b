/** Content: what is encrypted for a device or a group. CBOR `{ body, header }` in a padded frame.
 *  A contact's client is an untrusted sender too: everything is checked again after decryption. */
import type { Random } from "@/server/contract/signatures";
import { type CborValue, decodeStrict, encodeCanonical } from "@/server/contract/statements/cbor";
import { decodeFrame, encodeFrame, type FrameFault } from "./frame";
import { HEADER_KEYS, type Header, headerToCbor, WireHeader } from "./header";
import { BODY_SCHEMAS, type Body, type BuiltKind, isBuiltKind } from "./kinds";

export type Content =
  | ({ kind: "text" } & Body<"text">)
  | ({ kind: "void" } & Body<"void">)
  /** A kind or a form that only a newer version knows. `raw` is the CBOR, to be kept and looked at again after an update. */
  | { kind: "unsupported"; raw: Uint8Array };

type ContentFault =
  | FrameFault
  /** No strict CBOR. */
  | "malformed"
  /** No header, or one with a missing field or a field out of its bounds. */
  | "bad_header";

export type ContentDecoded = { ok: true; header: Header; content: Content } | { ok: false; reason: ContentFault };

/** Encodes content ready for encryption. `random` gives the frame's 16 bytes.
 *  Throws RangeError or ZodError for a header out of its bounds, ZodError for a body that is not its kind's. */
export function encodeContent<Kind extends BuiltKind>(input: {
  header: Header & { kind: Kind };
  body: Body<Kind>;
  random: Random;
}): Uint8Array {
  const body = BODY_SCHEMAS[input.header.kind].parse(input.body);
  return encodeFrame(encodeCanonical({ header: headerToCbor(input.header), body }), input.random);
}

/** Reads a decrypted frame. Whether it belongs where it was found is checkHeader's to say. Never throws. */
export function decodeContent(frame: Uint8Array): ContentDecoded {
  const framed = decodeFrame(frame);
  if (!framed.ok) return framed;
  return decodeFramed(framed.content);
}

/** Reads content without its frame: the `raw` of an unsupported one that was kept. Never throws. */
export function decodeFramed(raw: Uint8Array): ContentDecoded {
  const decoded = decodeStrict(raw);
  if (!decoded.ok) return { ok: false, reason: "malformed" };
  const envelope = asMap(decoded.value);
  const headerMap = asMap(envelope?.header);
  const header: Header | undefined = WireHeader.safeParse(headerMap).data;
  if (!envelope || !headerMap || !header) return { ok: false, reason: "bad_header" };
  const isKnownForm = hasOnly(envelope, ENVELOPE_KEYS) && hasOnly(headerMap, HEADER_KEYS);
  const content = isKnownForm ? readBody(header.kind, envelope.body) : null;
  return { ok: true, header, content: content ?? { kind: "unsupported", raw } };
}

type CborMap = { [key: string]: CborValue };
const ENVELOPE_KEYS: ReadonlySet<string> = new Set(["body", "header"]);

function asMap(value: CborValue | undefined): CborMap | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) ? value : null;
}

function hasOnly(map: CborMap, keys: ReadonlySet<string>): boolean {
  return Object.keys(map).every((key) => keys.has(key));
}

function readBody(kind: string, body: unknown): Content | null {
  if (!isBuiltKind(kind)) return null;
  const parsed = BODY_SCHEMAS[kind].safeParse(body);
  return parsed.success ? ({ kind, ...parsed.data } as Content) : null;
}
