import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import { uuidToBytes } from "../encodings";
import { encodeCanonical } from "./cbor";
import { decodeManifestEntry, encodeManifestEntry, type ManifestEntry } from "./manifest-entry";
import { mutations } from "./mutate-bytes";
import { fixedBytes, fixedUserId } from "./test-account";

const entry: ManifestEntry = { v: 1, userId: fixedUserId("alice"), generation: 1, version: 2, hash: fixedBytes("hash") };
const wire = { ...entry, userId: uuidToBytes(entry.userId) };

test("the statement of a manifest entry is frozen, and comes back as it was written", () => {
  expect(bytesToHex(encodeManifestEntry(entry))).toMatchInlineSnapshot(
    `"a561760164686173685820d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fa6675736572496450229ca9771523f9799c8701dd812e27616776657273696f6e026a67656e65726174696f6e01"`,
  );
  expect(decodeManifestEntry(encodeManifestEntry(entry))).toEqual(entry);
});

test("a statement of another form is refused", () => {
  const others = [
    { ...wire, v: 2 },
    { ...wire, extra: 1 },
    { ...wire, userId: entry.userId },
    { ...wire, generation: 0 },
    { ...wire, version: 2 ** 31 },
    { ...wire, hash: new Uint8Array(31) },
    [1],
    null,
  ];
  for (const other of others) expect(decodeManifestEntry(encodeCanonical(other))).toBeNull();
  expect(() => encodeManifestEntry({ ...entry, version: 0 })).toThrow();
});

test("a broken statement is refused without an exception, or is another one", { timeout: 60_000 * Math.ceil(testRuns()) }, () => {
  for (const bytes of mutations([encodeManifestEntry(entry)], 3_000 * testRuns())) {
    const decoded = decodeManifestEntry(bytes);
    if (decoded) expect(encodeManifestEntry(decoded)).toEqual(bytes);
  }
});
