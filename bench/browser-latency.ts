/** From pressing Enter in one browser to the text on screen in another: p50, p95, p99 in milliseconds, on one machine.
 *  Run: npx tsx bench/browser-latency.ts [messages] */
import { chromium } from "@playwright/test";
import { createPerson, type Person } from "../e2e/people";
import { startServer } from "../e2e/server";
import { installedChromium } from "../server/start/chromium.mjs";

const messages = Number(process.argv[2] ?? 200);

const server = await startServer({ env: { PARLEY_LIMITS: "1000", LOG_LEVEL: "warn" } });
const executablePath = installedChromium(process.env);
const browser = await chromium.launch({
  ...(executablePath && { executablePath }),
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  const [alice, bob] = [await createPerson(browser, server.url, "alice"), await createPerson(browser, server.url, "bob")];
  await alice.signUp();
  await bob.signUp();
  await alice.sends(bob, "warm up");
  await bob.opens(alice);
  await bob.sees("warm up");
  const shownMs: number[] = [];
  for (let i = 0; i < messages; i++) shownMs.push(await measure(alice, bob, `message number ${i}`));
  shownMs.sort((a, b) => a - b);
  const at = (share: number) => Math.round(shownMs[Math.min(shownMs.length - 1, Math.floor(shownMs.length * share))] as number);
  console.log(JSON.stringify({ messages, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }));
} finally {
  await browser.close();
  await server.stop();
}

/** Both pages read the same machine's clock, so their times can be subtracted. */
async function measure(from: Person, to: Person, text: string): Promise<number> {
  const shown = to.page.evaluate<number>(whenShown(text));
  await from.page.getByRole("textbox", { name: "Message" }).fill(text);
  const pressed = await from.page.evaluate<number>("performance.timeOrigin + performance.now()");
  await from.page.keyboard.press("Enter");
  return (await shown) - pressed;
}

/** Script for the page: the time at which the text is in the log and painted.
 *  NOTE: as text, since tsx puts names of its own into functions. */
function whenShown(text: string): string {
  return `new Promise((resolve) => {
    const observer = new MutationObserver(() => look());
    const look = () => {
      if (!document.querySelector('[role="log"]')?.textContent?.includes(${JSON.stringify(text)})) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
    };
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    look();
  })`;
}
