import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import { uuidToBytes } from "../encodings";
import { groupDetailHash } from "./group-settings";
import { fixedBytes, fixedUserId } from "./test-account";

test("what people read is hashed with its kind and its salt", () => {
  const salt = fixedBytes("salt").subarray(0, 16);
  const friends = new TextEncoder().encode("Friends");
  const hashes = [
    groupDetailHash("name", salt, friends),
    groupDetailHash("description", salt, friends),
    groupDetailHash("picture", salt, friends),
    groupDetailHash("name", fixedBytes("other salt").subarray(0, 16), friends),
    groupDetailHash("name", salt, uuidToBytes(fixedUserId("x"))),
  ].map((hash) => bytesToHex(hash));
  expect(new Set(hashes).size).toBe(5);
  expect(() => groupDetailHash("name", new Uint8Array(15), friends)).toThrow(RangeError);
});
