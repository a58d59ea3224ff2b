/** What a browser has to load before a page is at rest, in bytes of gzip: the scripts of the sign-in page and of the empty chat list, with
 *  the engine's worker apart. From the responses themselves, on a first visit (no cache, no service worker).
 *  Run: npx tsx bench/first-load.ts */
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "@playwright/test";
import { personOn } from "../e2e/people";
import { startServer } from "../e2e/server";
import { installedChromium } from "../server/start/chromium.mjs";

type Sizes = { pageBytes: number; workerBytes: number; styleBytes: number; pageFiles: Record<string, number> };

const server = await startServer({ env: { PARLEY_LIMITS: "100", LOG_LEVEL: "warn" } });
const executablePath = installedChromium(process.env);
const browser = await chromium.launch({
  ...(executablePath && { executablePath }),
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  console.log(JSON.stringify({ "/sign-in": await measure(await newPage(browser), "/sign-in"), "/": await measureChatList() }, null, 1));
} finally {
  await browser.close();
  await server.stop();
}

async function newPage(from: Browser): Promise<Page> {
  const context = await from.newContext({ baseURL: server.url, serviceWorkers: "block", viewport: { width: 1280, height: 800 } });
  return context.newPage();
}

async function measureChatList(): Promise<Sizes> {
  const page = await newPage(browser);
  await personOn(page, "alice", "alice").signUp();
  // The same browser, signed in, with an empty cache.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.clearBrowserCache");
  return measure(page, "/");
}

/** A script counts for the page when the document asked for it; what only the worker asked for is the engine. */
async function measure(page: Page, path: string): Promise<Sizes> {
  const bodies = new Map<string, Promise<Buffer>>();
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (/\.(js|css|ts)$/.test(pathname)) bodies.set(pathname, response.body());
  });
  await page.goto(path, { waitUntil: "networkidle" });
  const asked = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => ["script", "link"].includes((entry as PerformanceResourceTiming).initiatorType))
      .map((entry) => new URL(entry.name).pathname),
  );
  const sizes: Sizes = { pageBytes: 0, workerBytes: 0, styleBytes: 0, pageFiles: {} };
  for (const [pathname, body] of bodies) {
    const bytes = gzipSync(await body).length;
    if (pathname.endsWith(".css")) sizes.styleBytes += bytes;
    else if (asked.includes(pathname)) {
      sizes.pageBytes += bytes;
      sizes.pageFiles[pathname.split("/").at(-1) ?? pathname] = bytes;
    } else sizes.workerBytes += bytes;
  }
  return sizes;
}
