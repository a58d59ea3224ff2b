import { expect, test } from "vitest";
import { avatarHue, initialOf, nameColor } from "./name-color";

test("gives a person the same colour every time, in the list and above their messages", () => {
  expect(avatarHue("mara.okafor")).toBe(avatarHue("mara.okafor"));
  expect(nameColor("mara.okafor")).toMatch(/^var\(--n[1-8]\)$/);
});

test("uses all eight colours", () => {
  const hues = new Set(Array.from({ length: 200 }, (_, i) => avatarHue(`person-${i}`)));
  expect(hues.size).toBe(8);
});

test("takes the first letter as a person sees it", () => {
  expect(initialOf("mara")).toBe("M");
  expect(initialOf("  陈思远")).toBe("陈");
  expect(initialOf("👩‍👩‍👧 family")).toBe("👩‍👩‍👧");
  expect(initialOf("éva")).toBe("É");
  expect(initialOf("")).toBe("?");
});
