import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeVersionProblem } from "./node-version.mjs";
import { oneAtATime } from "./one-at-a-time.mjs";
import { inlineScriptHashes, precacheEntries, precacheVersion } from "./precache.mjs";
import { keptSecrets } from "./secrets.mjs";
import { sourceStamp } from "./source-stamp.mjs";
import { playwrightCounts, vitestCounts } from "./test-counts.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "parley-rules-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(file: string, text: string): string {
  const at = path.join(folder, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
  return at;
}

describe("the version of Node", () => {
  test.each(["20.19.0", "20.20.2", "22.12.0", "24.0.0"])("%s will do", (version) => expect(nodeVersionProblem(version)).toBeUndefined());
  test.each(["18.20.0", "20.18.3", "21.7.0", "22.11.0"])("%s is refused with a sentence that names it", (version) =>
    expect(nodeVersionProblem(version)).toContain(`This is Node ${version}.`),
  );
});

describe("kept secrets", () => {
  test("are made once, of the right shape, for the owner's eyes only", () => {
    const secrets = keptSecrets(folder);
    expect(secrets.PARLEY_AUTH_SECRET).toMatch(/^[\w-]{43}$/);
    expect(secrets.PARLEY_REALTIME_KEY).toMatch(/^[0-9a-f]{20}$/);
    expect(secrets.PARLEY_REALTIME_SECRET).toMatch(/^[0-9a-f]{40}$/);
    expect(secrets.PARLEY_REALTIME_APP_ID).toMatch(/^[1-9]\d+$/);
    expect(statSync(path.join(folder, "secrets.json")).mode & 0o777).toBe(0o600);
    expect(keptSecrets(folder)).toEqual(secrets);
  });

  test("keep what is there and add what is missing", () => {
    put("secrets.json", JSON.stringify({ PARLEY_AUTH_SECRET: "kept" }));
    expect(keptSecrets(folder)).toMatchObject({ PARLEY_AUTH_SECRET: "kept", PARLEY_REALTIME_KEY: expect.any(String) });
    expect(JSON.parse(readFileSync(path.join(folder, "secrets.json"), "utf8")).PARLEY_AUTH_SECRET).toBe("kept");
  });

  test("refuse a file that is not JSON instead of replacing it", () => {
    put("secrets.json", "half");
    expect(() => keptSecrets(folder)).toThrow(/secrets\.json cannot be used/);
  });
});

describe("one at a time", () => {
  test("makes the second wait for the first", async () => {
    const lock = path.join(folder, "lock");
    const order: string[] = [];
    let letGo = () => {};
    const first = oneAtATime(lock, async () => {
      order.push("first begins");
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      order.push("first ends");
    });
    const second = oneAtATime(lock, async () => order.push("second"), { waiting: () => letGo() });
    await Promise.all([first, second]);
    expect(order).toEqual(["first begins", "first ends", "second"]);
  });

  test("ignores the lock of a process that is gone, also when its pid was given to another", async () => {
    put("lock", "2147483647 1");
    expect(await oneAtATime(path.join(folder, "lock"), async () => "done")).toBe("done");
    put("lock", `${process.pid} another-start`);
    expect(await oneAtATime(path.join(folder, "lock"), async () => "done")).toBe("done");
  });

  test("lets go when the work fails", async () => {
    const lock = path.join(folder, "lock");
    await expect(oneAtATime(lock, async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await oneAtATime(lock, async () => "done")).toBe("done");
  });
});

describe("the stamp of the sources", () => {
  test("changes with a page and a public setting, and not with a test or a start script", () => {
    put("app/page.tsx", "one");
    const stamp = sourceStamp(folder, {});
    put("app/page.test.tsx", "test");
    put("server/start/start.mjs", "start");
    put("server/generated/client.ts", "generated");
    expect(sourceStamp(folder, { PORT: "1" })).toBe(stamp);
    expect(sourceStamp(folder, { NEXT_PUBLIC_X: "1" })).not.toBe(stamp);
    put("app/page.tsx", "two");
    expect(sourceStamp(folder, {})).not.toBe(stamp);
  });
});

describe("what is kept for offline use", () => {
  test("pages, hashed assets, manifest and icons, in one order and without error pages", () => {
    put(".next/server/app/index.html", "home");
    put(".next/server/app/settings/devices.html", "devices");
    put(".next/server/app/_not-found.html", "404");
    put(".next/server/app/_global-error.html", "500");
    put(".next/server/app/manifest.webmanifest.body", "{}");
    put(".next/static/chunks/a1.js", "a");
    put(".next/static/chunks/a1.js.map", "a");
    put(".next/static/media/font.woff2", "f");
    put("public/icons/icon-192.png", "i");
    put("public/notes.txt", "n");
    const entries = precacheEntries(folder);
    expect(entries.map(({ url }) => url)).toEqual([
      "/",
      "/_next/static/chunks/a1.js",
      "/_next/static/media/font.woff2",
      "/icons/icon-192.png",
      "/manifest.webmanifest",
      "/settings/devices",
    ]);
    expect(entries.filter(({ revision }) => revision === null).map(({ url }) => url)).toEqual([
      "/_next/static/chunks/a1.js",
      "/_next/static/media/font.woff2",
    ]);
    const version = precacheVersion(entries);
    expect(precacheVersion(precacheEntries(folder))).toBe(version);
    put(".next/server/app/index.html", "home, changed");
    expect(precacheVersion(precacheEntries(folder))).not.toBe(version);
  });

  test("inline scripts are hashed as a browser does, scripts with an address are not", () => {
    put(".next/server/app/index.html", '<script src="/a.js" async></script><script>alert(1)</script>');
    expect(inlineScriptHashes(folder)).toEqual(["sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI="]);
  });
});

describe("counting test results", () => {
  const vitest = (report: object, well = true) => vitestCounts(put("vitest.json", JSON.stringify(report)), well);
  const playwright = (report: object, well = true) => playwrightCounts(put("playwright.json", JSON.stringify(report)), well);

  test("adds a file that could not be loaded to the failed tests", () => {
    const testResults = [
      { status: "failed", assertionResults: [] },
      { status: "failed", assertionResults: [{ status: "failed" }] },
    ];
    expect(vitest({ numPassedTests: 5, numFailedTests: 1, testResults }, false)).toEqual({ passed: 5, failed: 2 });
  });

  test("a runner that ran nothing has failed", () => {
    expect(vitest({ numPassedTests: 0, numFailedTests: 0, testResults: [] })).toEqual({ passed: 0, failed: 1 });
    expect(playwright({ stats: { expected: 0, unexpected: 0, flaky: 0 }, errors: [] })).toEqual({ passed: 0, failed: 1 });
    expect(playwrightCounts(path.join(folder, "none.json"), true)).toEqual({ passed: 0, failed: 1 });
  });

  test("a bad exit counts as failed even when every test passed", () => {
    expect(vitest({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, false)).toEqual({ passed: 5, failed: 1 });
  });

  test("a test that passed at the second try has failed", () => {
    expect(playwright({ stats: { expected: 3, unexpected: 1, flaky: 1 }, errors: [] }, false)).toEqual({ passed: 3, failed: 2 });
  });
});
