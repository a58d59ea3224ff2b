import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import { fromBase64Url, toBase64Url, uuidToBytes } from "../encodings";
import { ed25519PublicKey } from "../signatures";
import { groupChatId } from "./chat-id";
import { formatJoinLink, inviteSecretKey, parseJoinLink } from "./join-link";
import { mutations } from "./mutate-bytes";
import { accountSecret, fixedBytes } from "./test-account";

const chatId = groupChatId(ed25519PublicKey(accountSecret("alice")), fixedBytes("random"));
const link = { chatId, genesisHash: fixedBytes("genesis"), seed: fixedBytes("seed") };
const fragment = formatJoinLink(link);

test("a group's id, its link and the link's key are frozen", () => {
  expect({ chatId, fragment, inviteKey: bytesToHex(ed25519PublicKey(inviteSecretKey(link.seed))) }).toMatchInlineSnapshot(`
    {
      "chatId": "4d408028-5ac8-6cd0-9272-9297eaae2427",
      "fragment": "AU1AgChayGzQknKSl-quJCeu661KeW_MLhXcTGBhtF7Zs3Pyat_HmMp9LYzFgYJxjhmyWFbhwVDKg0z_yLWbI629DsA4nljrIrO2R2gJjQAr",
      "inviteKey": "039cbe8a8de289c27ff9a20179e5d0f1d72789a2fa1c4233ac77564cbf62a8dd",
    }
  `);
});

test("a link comes back as it was written", () => {
  expect(parseJoinLink(fragment)).toEqual(link);
  expect(() => formatJoinLink({ ...link, seed: new Uint8Array(31) })).toThrow(RangeError);
  expect(() => formatJoinLink({ ...link, genesisHash: new Uint8Array(33) })).toThrow(RangeError);
});

test("a link of another form or version is refused", () => {
  const bytes = fromBase64Url(fragment);
  const others = [
    "",
    `#${fragment}`,
    `${fragment}=`,
    fragment.slice(0, -1),
    `${fragment.slice(0, -1)} `,
    `${fragment.slice(0, -1)}/`,
    toBase64Url(Uint8Array.of(2, ...bytes.subarray(1))),
    toBase64Url(bytes.subarray(0, 78)),
    toBase64Url(Uint8Array.of(...bytes, 0, 0, 0)),
  ];
  for (const other of others) expect([other, parseJoinLink(other)]).toEqual([other, null]);
});

test("a broken link is refused without an exception, or is another one", () => {
  const latin = new TextDecoder("latin1");
  for (const bytes of mutations([new TextEncoder().encode(fragment)], 3_000 * testRuns())) {
    const text = latin.decode(bytes);
    const parsed = parseJoinLink(text);
    if (parsed) expect(formatJoinLink(parsed)).toBe(text);
  }
});

test("a group's id depends on its creator's key and the random bytes", () => {
  const others = [
    groupChatId(fixedBytes("another key"), fixedBytes("random")),
    groupChatId(ed25519PublicKey(accountSecret("alice")), fixedBytes("other")),
  ];
  expect(new Set([chatId, ...others]).size).toBe(3);
  expect(uuidToBytes(chatId)).toHaveLength(16);
});

test("base64url has one form for each row of bytes", () => {
  expect(fromBase64Url("-_8")).toEqual(Uint8Array.of(0xfb, 0xff));
  for (const text of ["-_9", "-_8=", "+/8", "- _8", "A", "ü"]) expect(() => fromBase64Url(text)).toThrow(DOMException);
});
