import { expect, test } from "vitest";
import { isSameGroup, recoveryKeyFile, recoveryKeyGroups } from "./recovery-key-groups";

const key = "QX7M-4HRT-9KWA-2DPN-V6EJ-8CZS-3GYB-5F0X-QX7M-4HRT-9KWA-2DPN-V6EJ-8C";

test("takes a key apart, however its groups are set apart", () => {
  expect(recoveryKeyGroups(key)).toHaveLength(14);
  expect(recoveryKeyGroups(key.replaceAll("-", " "))).toEqual(recoveryKeyGroups(key));
  expect(recoveryKeyGroups(`  ${key.replaceAll("-", "\n")} `)).toEqual(recoveryKeyGroups(key));
});

test("takes a group in small letters, with spaces, and with look-alike letters", () => {
  expect(isSameGroup(" 5fox", "5F0X")).toBe(true);
  expect(isSameGroup("5 f 0 x", "5F0X")).toBe(true);
  expect(isSameGroup("5F0Y", "5F0X")).toBe(false);
  expect(isSameGroup("", "5F0X")).toBe(false);
});

test("writes a file that says whose key it is and holds every group", () => {
  const file = recoveryKeyFile(key, "mara", "parley.example");
  expect(file).toContain("mara on parley.example");
  for (const group of recoveryKeyGroups(key)) expect(file).toContain(group);
});
