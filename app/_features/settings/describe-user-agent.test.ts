import { expect, test } from "vitest";
import { describeUserAgent } from "./describe-user-agent";

const cases: [string, string | null, string | null][] = [
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
    "Edge",
    "Windows",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Safari",
    "macOS",
  ],
  [
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Chrome",
    "Android",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
    "Chrome",
    "iPhone",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0 Safari/537.36", "Chrome", "Linux"],
  ["node", null, null],
  ["", null, null],
];

test("names common browsers and systems, and does not guess at others", () => {
  for (const [userAgent, browser, system] of cases) expect(describeUserAgent(userAgent)).toMatchObject({ browser, system });
});

test("knows what is held in a hand", () => {
  expect(describeUserAgent(cases[3]?.[0] ?? "").handheld).toBe(true);
  expect(describeUserAgent(cases[0]?.[0] ?? "").handheld).toBe(false);
});
