import { bytesToHex } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import { bytesToUuid } from "@/server/contract/encodings";
import type { ChatId, DeviceId, MessageId, UserId } from "@/server/contract/ids";
import { MAX_CIPHERTEXT_BYTES, MAX_TEXT_BYTES } from "@/server/contract/limits";
import { type CborValue, decodeStrict, encodeCanonical } from "@/server/contract/statements/cbor";
import { mutations } from "@/server/contract/statements/mutate-bytes";
import { testRuns } from "@/server/testing/test-runs";
import { decodeContent, decodeFramed, encodeContent } from "./content";
import { decodeFrame, encodeFrame } from "./frame";
import { checkHeader, type ExpectedHeader, type Header, headerToCbor } from "./header";
import { CONTENT_KINDS } from "./kinds";

const id = (fill: number) => bytesToUuid(new Uint8Array(16).fill(fill));
const random = (lengthBytes: number) => new Uint8Array(lengthBytes).fill(0xaa);

const header: Header & { kind: "text" } = {
  chatId: id(1) as ChatId,
  messageId: id(2) as MessageId,
  senderUserId: id(3) as UserId,
  senderDeviceId: id(4) as DeviceId,
  kind: "text",
  audienceHash: new Uint8Array(32).fill(5),
  counter: 7,
  sentAtMs: 1_780_000_000_000,
};
const fullHeader = {
  ...header,
  chainHead: new Uint8Array(32).fill(6),
  keyLogHead: new Uint8Array(32).fill(7),
  expiresAfterS: 604_800,
};
const writeText = (text: string) => encodeContent({ header, body: { text }, random });
/** Frames any CBOR value, as a client of another make might. */
const framed = (value: CborValue) => encodeFrame(encodeCanonical(value), random);
const wireHeader = headerToCbor(header) as Record<string, CborValue>;
const withHeader = (fields: Record<string, CborValue>) => framed({ header: { ...wireHeader, ...fields }, body: { text: "hello" } });

describe("the format of content", () => {
  test("is frozen", () => {
    const inner = (frame: Uint8Array) => {
      const decoded = decodeFrame(frame);
      return decoded.ok && bytesToHex(decoded.content);
    };
    expect({
      text: inner(writeText("see you at eight")),
      everyField: inner(encodeContent({ header: fullHeader, body: { text: "x" }, random })),
      void: inner(encodeContent({ header: { ...header, kind: "void" }, body: {}, random })),
      frameBytes: writeText("see you at eight").length,
    }).toMatchInlineSnapshot(`
      {
        "everyField": "a264626f6479a16474657874617866686561646572ab646b696e64647465787466636861744964500101010101010101010101010101010167636f756e746572076873656e7441744d731b0000019e7044880069636861696e4865616458200606060606060606060606060606060606060606060606060606060606060606696d657373616765496450020202020202020202020202020202026a6b65794c6f6748656164582007070707070707070707070707070707070707070707070707070707070707076c61756469656e636548617368582005050505050505050505050505050505050505050505050505050505050505056c73656e64657255736572496450030303030303030303030303030303036d657870697265734166746572531a00093a806e73656e64657244657669636549645004040404040404040404040404040404",
        "frameBytes": 320,
        "text": "a264626f6479a164746578747073656520796f7520617420656967687466686561646572a8646b696e64647465787466636861744964500101010101010101010101010101010167636f756e746572076873656e7441744d731b0000019e70448800696d657373616765496450020202020202020202020202020202026c61756469656e636548617368582005050505050505050505050505050505050505050505050505050505050505056c73656e64657255736572496450030303030303030303030303030303036e73656e64657244657669636549645004040404040404040404040404040404",
        "void": "a264626f6479a066686561646572a8646b696e6464766f696466636861744964500101010101010101010101010101010167636f756e746572076873656e7441744d731b0000019e70448800696d657373616765496450020202020202020202020202020202026c61756469656e636548617368582005050505050505050505050505050505050505050505050505050505050505056c73656e64657255736572496450030303030303030303030303030303036e73656e64657244657669636549645004040404040404040404040404040404",
      }
    `);
  });

  test("comes back as it was written", () => {
    expect(decodeContent(writeText("hello"))).toEqual({ ok: true, header, content: { kind: "text", text: "hello" } });
    expect(decodeContent(encodeContent({ header: fullHeader, body: { text: "x" }, random }))).toMatchObject({
      ok: true,
      header: fullHeader,
    });
    const voidHeader = { ...header, kind: "void" as const };
    const cancelled = encodeContent({ header: voidHeader, body: {}, random });
    expect(decodeContent(cancelled)).toEqual({ ok: true, header: voidHeader, content: { kind: "void" } });
  });

  test("keeps text byte for byte: emoji, right-to-left, combining marks, byte order mark, line breaks, spaces", () => {
    for (const text of ["👩🏽‍🚀🇩🇪", "שלום \u202eعربي\u202c", "e\u0301 is not \u00e9", "\ufeffx\ufeff", " \r\n\t\0 ", "𝔘"]) {
      expect(decodeContent(writeText(text))).toMatchObject({ ok: true, content: { kind: "text", text } });
    }
  });

  test("holds the longest text within a ciphertext, and no longer one", () => {
    const longest = "é".repeat(MAX_TEXT_BYTES / 2);
    const frame = encodeContent({ header: fullHeader, body: { text: longest }, random });
    // Room for the ratchet's header, the first message's KEM ciphertext (1,568 bytes) and keys.
    expect(frame.length).toBeLessThan(MAX_CIPHERTEXT_BYTES - 4_096);
    expect(decodeContent(frame)).toMatchObject({ ok: true, content: { text: longest } });
    expect(() => writeText(`${longest}x`)).toThrow();
  });

  test("is not written from what can't be read", () => {
    for (const text of ["", "\ud83d", "a\udc00"]) expect(() => writeText(text)).toThrow();
    expect(() => encodeContent({ header: { ...header, counter: 0 }, body: { text: "x" }, random })).toThrow();
    expect(() => encodeContent({ header: { ...header, chatId: "x" as ChatId }, body: { text: "x" }, random })).toThrow(RangeError);
    expect(() => encodeContent({ header: { ...header, audienceHash: new Uint8Array(31) }, body: { text: "x" }, random })).toThrow();
  });
});

describe("content from another version", () => {
  test.each<[string, CborValue]>([
    ["of a kind that nobody knows yet", { header: { ...wireHeader, kind: "hologram" }, body: [1, 2] }],
    ["of a kind that is known and not built", { header: { ...wireHeader, kind: "poll" }, body: { question: "?" } }],
    ["with an unknown key in its body", { header: wireHeader, body: { text: "hello", tone: "kind" } }],
    ["with a body of another type", { header: wireHeader, body: "hello" }],
    ["with text that is too long", { header: wireHeader, body: { text: "x".repeat(MAX_TEXT_BYTES + 1) } }],
    ["without a body", { header: wireHeader }],
    ["with an unknown key in its header", { header: { ...wireHeader, replyTo: new Uint8Array(16) }, body: { text: "hello" } }],
    [
      "with a key called __proto__ in its header",
      { header: { ...wireHeader, ...JSON.parse('{"__proto__": 1}') }, body: { text: "hello" } },
    ],
    ["with an unknown key beside its header", { header: wireHeader, body: { text: "hello" }, more: 1 }],
  ])("%s keeps its header and its bytes", (_, value) => {
    const decoded = decodeContent(framed(value));
    expect(decoded).toMatchObject({ ok: true, header: { chatId: header.chatId, counter: 7 } });
    if (!decoded.ok || decoded.content.kind !== "unsupported") throw new Error("should be unsupported");
    expect(decodeStrict(decoded.content.raw)).toEqual({ ok: true, value });
    expect(decodeFramed(decoded.content.raw)).toEqual(decoded);
  });
});

describe("content is refused", () => {
  test.each<[string, Record<string, CborValue>]>([
    ["an id of 15 bytes", { chatId: new Uint8Array(15) }],
    ["an id as text", { messageId: header.messageId }],
    ["an audience hash of 31 bytes", { audienceHash: new Uint8Array(31) }],
    ["counter 0", { counter: 0 }],
    ["a time before 1970", { sentAtMs: -1 }],
    ["a kind in capitals", { kind: "Text" }],
    ["a kind that is too long", { kind: "a".repeat(33) }],
    ["an expiry of 0", { expiresAfterS: 0 }],
    ["a chain head that is null", { chainHead: null }],
  ])("with %s in its header", (_, fields) => {
    expect(decodeContent(withHeader(fields))).toEqual({ ok: false, reason: "bad_header" });
  });

  test("without any header, or with a missing field", () => {
    const headless: CborValue[] = [1, [], {}, { header: 1, body: {} }, { body: {} }];
    for (const value of headless) {
      expect(decodeContent(framed(value))).toEqual({ ok: false, reason: "bad_header" });
    }
    for (const key of Object.keys(wireHeader)) {
      const { [key]: _, ...rest } = wireHeader;
      expect(decodeContent(framed({ header: rest, body: { text: "x" } }))).toEqual({ ok: false, reason: "bad_header" });
    }
  });

  test("when it is no strict CBOR or its frame is broken", () => {
    expect(decodeContent(encodeFrame(Uint8Array.of(0xbf, 0xff), random))).toEqual({ ok: false, reason: "malformed" });
    expect(decodeContent(new Uint8Array(160).fill(1))).toEqual({ ok: false, reason: "frame_length" });
    expect(decodeContent(writeText("x").with(-1, 1))).toEqual({ ok: false, reason: "nonzero_padding" });
  });

  test("without an exception, however it is broken", { timeout: 60_000 * Math.ceil(testRuns()) }, () => {
    const inner = decodeFrame(encodeContent({ header: fullHeader, body: { text: "hello é" }, random }));
    if (!inner.ok) throw new Error(inner.reason);
    for (const bytes of mutations([inner.content], 3_000 * testRuns())) {
      const decoded = decodeContent(encodeFrame(bytes, random));
      if (decoded.ok) expect(decodeStrict(bytes).ok).toBe(true);
    }
    for (const bytes of mutations([writeText("hello"), writeText("x".repeat(2_000))], 3_000 * testRuns(), 2)) decodeContent(bytes);
  });
});

describe("a header", () => {
  const expected: ExpectedHeader = { ...header, chatType: "individual", entryKind: "message", path: "pairwise" };
  const check = (changes: Partial<ExpectedHeader>, kind = "text") => {
    const checked = checkHeader({ ...header, kind }, { ...expected, ...changes });
    return checked.ok ? "ok" : checked.reason;
  };

  test("must be the one of the entry that it came in", () => {
    expect(check({})).toBe("ok");
    expect(check({ chatId: id(9) as ChatId })).toBe("wrong_chat");
    expect(check({ messageId: id(9) as MessageId })).toBe("wrong_message");
    expect(check({ senderUserId: id(9) as UserId })).toBe("wrong_sender");
    expect(check({ senderDeviceId: id(9) as DeviceId })).toBe("wrong_device");
  });

  test("must have come the way of its kind", () => {
    const group = { chatType: "group" as const, path: "shared" as const };
    expect(check({ ...group })).toBe("ok");
    expect(check({ path: "shared" })).toBe("wrong_path");
    expect(check({ chatType: "group" })).toBe("wrong_path");
    expect(check({ entryKind: "device" })).toBe("wrong_path");
    expect(check({ ...group }, "sender-key")).toBe("wrong_path");
    expect(check({ path: "shared" }, "retry")).toBe("wrong_path");
    expect(check({ chatType: "group" }, "sender-key")).toBe("ok");
    expect(check({ entryKind: "device" }, "resend")).toBe("ok");
    expect(check({ chatType: "group", entryKind: "control" }, "welcome")).toBe("ok");
    expect(check({ ...group, entryKind: "device" }, "hologram")).toBe("ok");
  });

  test("knows each kind of the closed list once", () => {
    expect(CONTENT_KINDS).toMatchInlineSnapshot(`
      [
        "text",
        "media",
        "edit",
        "delete",
        "reaction",
        "pin",
        "poll",
        "vote",
        "contact",
        "location",
        "timer",
        "void",
        "welcome",
        "sender-key",
        "retry",
        "resend",
        "gossip",
        "profile",
        "sync",
        "account-key",
      ]
    `);
    expect(new Set(CONTENT_KINDS).size).toBe(CONTENT_KINDS.length);
  });
});
